"""Ages, days, numbers and ends of snoozes as pages write them, and what they read of a browser's request."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone as django_timezone

from interactions.ages import age, ahead, clock, clock_or_day, day, exact, moment
from interactions.numbers import compact
from interactions.pages.shown_list import MAX_SHOWN, ShownList, read_id
from interactions.pages.snooze_choices import read_end, snooze_choices, tomorrow

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 3, 4, 14, 2, 30, tzinfo=BERLIN)  # a Wednesday
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("passed", "shown"),
    [
        (-HOUR, "now"),
        (timedelta(0), "now"),
        (MINUTE - SECOND, "now"),
        (MINUTE, "1m"),
        (HOUR - SECOND, "59m"),
        (HOUR, "1h"),
        (DAY - SECOND, "23h"),
        (DAY, "1d"),
        (7 * DAY - SECOND, "6d"),
        (7 * DAY, "25 Feb"),
        (62 * DAY, "1 Jan"),
        (63 * DAY, "31 Dec 2025"),
    ],
)
def test_an_age_is_in_the_largest_unit_and_from_a_week_on_a_date(passed, shown):
    assert age(NOW - passed, NOW) == shown


def test_an_age_counts_the_hours_that_passed_while_clocks_were_changed():
    before = datetime(2026, 3, 29, 1, 30, tzinfo=BERLIN)
    assert age(before, datetime(2026, 3, 29, 3, 15, tzinfo=BERLIN)) == "45m"


@pytest.mark.parametrize(
    ("at", "shown"),
    [
        (NOW.replace(hour=0, minute=0), "Today"),
        (NOW + HOUR, "Today"),
        (NOW - DAY, "Yesterday"),
        (NOW.replace(hour=0, minute=0) - MINUTE, "Yesterday"),
        (NOW - 2 * DAY, "Monday, 2 March"),
        (NOW - 63 * DAY, "31 December 2025"),
        (NOW + DAY, "Tomorrow"),
        (NOW + 2 * DAY, "Friday, 6 March"),
    ],
)
def test_a_day_is_today_yesterday_tomorrow_or_a_date(at, shown):
    assert day(at, NOW) == shown


@pytest.mark.parametrize(
    ("left", "shown"),
    [
        (-HOUR, "now"),
        (MINUTE - SECOND, "now"),
        (MINUTE, "in 1 min"),
        (HOUR - SECOND, "in 59 min"),
        (HOUR, "in 1 h"),
        (DAY - SECOND, "in 23 h"),
        (DAY, "in 1 day"),
        (9 * DAY, "in 9 days"),
    ],
)
def test_the_time_until_something_is_in_the_largest_unit(left, shown):
    assert ahead(NOW + left, NOW) == shown


def test_the_time_until_something_counts_the_hours_that_pass_while_clocks_are_changed():
    before = datetime(2026, 3, 29, 1, 30, tzinfo=BERLIN)
    assert ahead(datetime(2026, 3, 29, 3, 15, tzinfo=BERLIN), before) == "in 45 min"


@pytest.mark.parametrize(
    ("at", "shown"),
    [
        (NOW, "at 14:02"),
        (NOW + 10 * HOUR, "tomorrow at 00:02"),
        (NOW + 2 * DAY, "on Friday at 14:02"),
        (NOW + 6 * DAY, "on Tuesday at 14:02"),
        (NOW + 7 * DAY, "on 11 March at 14:02"),
    ],
)
def test_a_moment_in_a_sentence_is_named_by_the_day(at, shown):
    assert moment(at, NOW) == shown


def test_the_exact_time_has_the_abbreviation_of_its_zone():
    assert exact(NOW) == "Wednesday, 4 March 2026, 14:02 CET"
    assert exact(NOW.astimezone(UTC)) == "Wednesday, 4 March 2026, 13:02 UTC"


def test_a_clock_has_two_digits_and_a_time_ahead_has_its_day():
    assert clock(NOW.replace(hour=7, minute=5)) == "07:05"
    assert clock_or_day(NOW.replace(hour=9, minute=0) + 5 * DAY) == "Mon 9 Mar, 09:00"


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (0, "0"),
        (999, "999"),
        (1_000, "1k"),
        (1_049, "1k"),
        (1_250, "1.2k"),
        (9_999, "9.9k"),
        (10_000, "10k"),
        (38_700, "38k"),
        (999_999, "999k"),
        (1_000_000, "1M"),
        (1_490_000, "1.4M"),
        (999_999_999, "999M"),
        (2_000_000_000, "2B"),
        (3_400_000_000_000, "3.4T"),
        (9_223_372_036_854_775_807, "9223372T"),
    ],
)
def test_a_large_number_is_rounded_down_to_few_characters(number, shown):
    assert compact(number) == shown


# Ends of a snooze


def choices(now: datetime) -> list[tuple[str, str]]:
    return [(one.label, f"{one.until:%a %d %b %H:%M %z}") for one in snooze_choices(now)]


def test_a_snooze_ends_in_an_hour_in_the_evening_or_on_a_morning():
    assert choices(NOW) == [
        ("In an hour", "Wed 04 Mar 15:02 +0100"),
        ("This evening", "Wed 04 Mar 18:00 +0100"),
        ("Tomorrow", "Thu 05 Mar 09:00 +0100"),
        ("Next Monday", "Mon 09 Mar 09:00 +0100"),
        ("In a week", "Wed 11 Mar 09:00 +0100"),
    ]


@pytest.mark.parametrize(("hour", "minute", "offered"), [(15, 59, True), (16, 0, False), (0, 0, True)])
def test_this_evening_is_offered_until_two_hours_before(hour, minute, offered):
    now = NOW.replace(hour=hour, minute=minute)
    assert ("This evening" in [label for label, _ in choices(now)]) is offered


def test_of_equal_ends_the_first_name_is_offered():
    sunday, monday = NOW + 4 * DAY, NOW + 5 * DAY
    assert [label for label, _ in choices(sunday)] == [
        *["In an hour", "This evening", "Tomorrow", "In a week"]
    ]
    assert [label for label, _ in choices(monday)] == [
        *["In an hour", "This evening", "Tomorrow", "Next Monday"]
    ]


def test_an_hour_is_an_hour_and_a_morning_is_nine_where_clocks_are_changed():
    before_winter = datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN)  # the first 2:30 of that night
    in_an_hour = snooze_choices(before_winter)[0].until
    assert in_an_hour.astimezone(UTC) - before_winter.astimezone(UTC) == HOUR
    before_summer = datetime(2026, 3, 28, 12, tzinfo=BERLIN)
    assert f"{tomorrow(before_summer):%H:%M %z}" == "09:00 +0200"


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("2026-03-05T09:00:00+01:00", "2026-03-05T08:00:00+00:00"),
        ("2026-03-05T09:00:00Z", "2026-03-05T09:00:00+00:00"),
        ("2026-03-05T09:00", "2026-03-05T08:00:00+00:00"),
        ("2026-07-05T09:00", "2026-07-05T07:00:00+00:00"),
        ("2026-03-29T02:30", "2026-03-29T01:30:00+00:00"),  # which that night did not have
        *[
            (text, None)
            for text in ("", "tomorrow", "2026-02-30T09:00", "2026-03-05T25:00", "9", "\x00", "٣")
        ],
    ],
)
def test_an_end_without_an_offset_is_in_the_users_zone(text, read):
    with django_timezone.override(BERLIN):
        at = read_end(text)
    assert (at and at.astimezone(UTC).isoformat()) == read


@pytest.mark.parametrize("text", ["0001-01-01T00:00", "9999-12-31T23:59", "0001-01-01T00:00:00+23:59"])
@pytest.mark.parametrize("zone", [ZoneInfo("Pacific/Kiritimati"), timezone(-12 * HOUR)])
def test_the_first_and_the_last_times_are_read_and_compared(text, zone):
    with django_timezone.override(zone):
        at = read_end(text)
    assert at is not None
    assert (at < NOW) == text.startswith("0001")


# What a page shows


def test_a_browser_tells_what_its_page_shows():
    sent = {
        "shown": "12:abc,13:def",
        "listed": "2026-03-04T07:30:00+00:00",
        "open": "13",
        "next": "14",
        "seen": "15",
    }
    listed = datetime(2026, 3, 4, 7, 30, tzinfo=UTC)
    shown = ShownList.of(sent)
    assert shown == ShownList({12: "abc", 13: "def"}, listed, 13, 14, 15)
    assert shown.with_open(13) == shown
    assert shown.with_open(None) == ShownList({12: "abc", 13: "def"}, listed, None, 14, None)


def test_what_cannot_be_read_is_left_out():
    sent = {"shown": "x:1,,13,-1:2,9:a:b", "listed": "yesterday", "open": "x", "next": ""}
    assert ShownList.of(sent) == ShownList({13: "", 9: "a:b"})
    assert ShownList.of({}) == ShownList()
    assert ShownList.of({"listed": "0001-01-01T00:00:00+23:59"}) == ShownList()


def test_no_more_rows_are_read_than_are_brought_up_to_date():
    sent = {"shown": ",".join(f"{id}:v" for id in range(1, 2 * MAX_SHOWN))}
    assert list(ShownList.of(sent).rows) == list(range(1, MAX_SHOWN + 1))


@pytest.mark.parametrize(
    ("text", "id"),
    [
        ("0", 0),
        ("7", 7),
        ("007", 7),
        ("9" * 18, 10**18 - 1),
        *[(text, None) for text in ("", "9" * 19, "-1", "+1", "1.0", " 1", "٣", "²", "1\n", "1e3", "None")],
    ],
)
def test_an_id_is_a_few_plain_digits(text, id):
    assert read_id(text) == id
