"""The day's first post is due once on every local day, through all changes of the zone's clock. No database, no clock.

EVERY_ZONE=1 tests every day from 2020 to 2030 of every zone (more than half an hour); otherwise the days around each clock
change, of a third of the zones.
"""

import os
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest

from demo import simulator
from demo.simulator.audience_time import AudienceTime
from demo.simulator.platforms import EVENING
from demo.simulator.posting import first_posting_time
from tests.stories import DAY, world

HOUR = timedelta(hours=1)
EXHAUSTIVE = bool(os.environ.get("EVERY_ZONE"))
ODD = [  # offsets of half and quarter hours; clock changes at midnight, by two hours, in the day's last hour
    *("Europe/London", "America/Havana", "Asia/Beirut", "Africa/Cairo", "America/Santiago", "America/Nuuk"),
    *("Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Chatham", "America/St_Johns", "Antarctica/Troll"),
    *("Africa/Casablanca", "Europe/Dublin", "Antarctica/Casey", "Asia/Gaza", "UTC"),
]
ALL_ZONES = sorted(available_timezones() - {"localtime", "Factory"})
ZONES = ALL_ZONES if EXHAUSTIVE else sorted({*ODD, *ALL_ZONES[::3]})
SKIPPED_DAYS = [  # that the zone's clock never showed
    ("Pacific/Apia", date(2011, 12, 30)),
    ("Pacific/Fakaofo", date(2011, 12, 30)),
    ("Pacific/Kwajalein", date(1993, 8, 21)),
    ("Pacific/Kiritimati", date(1994, 12, 31)),
]


def at_ten(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 10, tzinfo=UTC)


def changes(zone: ZoneInfo, first: date, last: date) -> list[date]:
    """The UTC days on which the zone's clock changes."""
    days = [first + n * DAY for n in range((last - first).days + 1)]
    return [day for day, next_day in pairwise(days) if offset(zone, day) != offset(zone, next_day)]


def offset(zone: ZoneInfo, day: date) -> timedelta:
    return datetime(day.year, day.month, day.day, tzinfo=UTC).astimezone(zone).utcoffset()


@cache
def is_shown(name: str, day: date) -> bool:
    """Whether the zone's clock shows the day at any time."""
    zone = ZoneInfo(name)
    moments = (datetime(day.year, day.month, day.day, tzinfo=UTC) + n * HOUR for n in range(-15, 40))
    return any(moment.astimezone(zone).date() == day for moment in moments)


def has_hour(zone: ZoneInfo, day: date, hour: int) -> bool:
    local = datetime(day.year, day.month, day.day, hour, tzinfo=zone)
    shown = local.astimezone(UTC).astimezone(zone)
    return (shown.date(), shown.hour, shown.minute) == (day, hour, 0)


def check_days(name: str, hour: int, first: date, last: date) -> None:
    """Each local day from `first` to `last` has its first post once, at most eight hours after its window."""
    zone, w = ZoneInfo(name), world(time_zone=name, posting_hour=hour)
    starts = [at_ten(first + n * DAY) for n in range(-3, (last - first).days + 3)]
    due = [first_posting_time(w, start) for start in starts]
    days = [moment.astimezone(zone).date() for moment in due]
    wanted = [day for n in range((last - first).days + 1) if is_shown(name, day := first + n * DAY)]
    assert [day for day in days if first <= day <= last] == wanted, (name, hour)
    for start, moment, day in zip(starts, due, days, strict=True):
        assert start <= moment < start + 32 * HOUR, (name, hour, moment)
        clock = moment.astimezone(zone)
        on_time = (clock.hour, clock.minute, clock.second, clock.fold) == (hour, 0, 0, 0)
        assert on_time or not has_hour(zone, day, hour), (name, hour, moment)


@pytest.mark.sample(8)
@pytest.mark.parametrize("name", ZONES)
@pytest.mark.timeout(3_600 if EXHAUSTIVE else 60)
def test_every_local_day_has_its_first_post_once_at_every_hour(name):
    zone, first, last = ZoneInfo(name), date(2020, 1, 1), date(2030, 12, 31)
    around = [(day - 3 * DAY, day + 3 * DAY) for day in changes(zone, first, last)]
    steady = [(date(2026, 1, 15), date(2026, 1, 17)), (date(2026, 7, 15), date(2026, 7, 17))]
    few = [*(around if name in ODD else around[:4]), *steady]
    for begin, end in [(first, last)] if EXHAUSTIVE else few:
        for hour in range(24):
            check_days(name, hour, begin, end)


@pytest.mark.parametrize("hour", range(24))
@pytest.mark.parametrize(("name", "skipped"), SKIPPED_DAYS)
def test_a_day_that_the_zone_skips_has_no_post_and_its_neighbours_have_theirs(name, skipped, hour):
    check_days(name, hour, skipped - 4 * DAY, skipped + 4 * DAY)


def first_posts(first: date, last: date, **settings) -> Counter[date]:
    """The number of windows whose first post is on each local day."""
    w = world(**settings)
    windows = [
        simulator.content_window(w, n, at_ten(first + n * DAY), 2) for n in range((last - first).days + 1)
    ]
    zone = ZoneInfo(settings["time_zone"])
    return Counter(posts[0].at.astimezone(zone).date() for posts in windows)


@pytest.mark.parametrize("change", [date(2026, 3, 29), date(2026, 10, 25)])
def test_london_has_a_post_at_ten_on_every_day_around_a_change_of_the_clock(change):
    found = first_posts(change - 4 * DAY, change + 4 * DAY, time_zone="Europe/London", posting_hour=10)
    assert {day: found[day] for day in (change - DAY, change, change + DAY)} == {
        change - DAY: 1,
        change: 1,
        change + DAY: 1,
    }


@pytest.mark.parametrize(
    ("zone", "hour", "day", "due"),
    [
        ("Europe/London", 10, "2026-03-28", "2026-03-28T10:00:00"),
        ("Europe/London", 10, "2026-03-29", "2026-03-29T09:00:00"),
        ("Europe/London", 1, "2026-03-29", "2026-03-29T01:00:00"),  # skipped: 02:00 local
        ("Europe/London", 1, "2026-10-25", "2026-10-25T00:00:00"),  # shown twice: the first
        ("America/Havana", 0, "2026-03-08", "2026-03-08T05:00:00"),  # skipped: 01:00 local
        ("Australia/Lord_Howe", 2, "2026-10-04", "2026-10-03T15:30:00"),  # skipped: 02:30 local
        ("America/Nuuk", 23, "2026-03-28", "2026-03-29T00:59:59"),  # skipped with the rest of the day
        ("Antarctica/Troll", 2, "2026-03-29", "2026-03-29T01:00:00"),  # two hours are skipped
    ],
)
def test_a_day_has_its_first_post_at_this_instant(zone, hour, day, due):
    w, on = world(time_zone=zone, posting_hour=hour), date.fromisoformat(day)
    times = [first_posting_time(w, at_ten(on + n * DAY)) for n in (-2, -1, 0, 1)]
    there = [time for time in times if time.astimezone(ZoneInfo(zone)).date() == on]
    assert there == [datetime.fromisoformat(f"{due}+00:00")]


@pytest.mark.parametrize("hour", [0, 5, 9, 10, 11, 18, 23])
@pytest.mark.parametrize("zone", ["UTC", "Europe/London", "America/Nuuk", "Pacific/Apia", "Asia/Kathmandu"])
def test_all_posts_of_a_window_are_due_on_one_local_day_the_first_at_the_posting_hour(zone, hour):
    w = world(time_zone=zone, posting_hour=hour)
    for start in (at_ten(date(2026, 3, day)) for day in range(25, 32)):
        posts = simulator.content_window(w, start.day, start, 20)
        assert len(posts) == 20
        assert posts[0].at == first_posting_time(w, start)
        assert {post.at.astimezone(ZoneInfo(zone)).date() for post in posts} == {
            posts[0].at.astimezone(ZoneInfo(zone)).date()
        }


@pytest.mark.sample(5)
@pytest.mark.parametrize("name", ZONES[:: 1 if EXHAUSTIVE else 8] + [zone for zone, _ in SKIPPED_DAYS])
def test_audience_time_increases_through_every_clock_change(name):
    """It increases strictly, and its inverse returns the same second."""
    start, end = datetime(2020, 1, 1, tzinfo=UTC).timestamp(), datetime(2022, 1, 1, tzinfo=UTC).timestamp()
    time = AudienceTime(EVENING, name, start, end)
    walls = [start + n * 3_601 for n in range(int((end - start) // 3_601))]
    hours = [time.hours_at(wall) for wall in walls]
    assert all(early < late for early, late in pairwise(hours))
    assert max(abs(time.timestamp_at(hour) - wall) for hour, wall in zip(hours, walls, strict=True)) < 1
