"""When a brand publishes its posts: the day's first at its posting hour, the others at the hours in which brands
usually post. Called by windows.py.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from demo.simulator.audience_time import AudienceTime
from demo.simulator.platforms import POSTING
from demo.simulator.values import World
from demo.windows import CONTENT_WINDOWS

SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
# Where changes of a zone's clock are looked for; the rules of later years repeat.
CLOCK_CHANGES_FROM, CLOCK_CHANGES_TO = datetime(1970, 1, 1, tzinfo=UTC), datetime(2040, 1, 1, tzinfo=UTC)


def posting_times(
    world: World, start: datetime, end: datetime, fractions: Iterable[float]
) -> Iterator[datetime]:
    """The time at each fraction (0 to 1) of the posting activity between `start` and `end`; whole seconds before `end`."""
    first, last = start.timestamp(), end.timestamp()
    activity = AudienceTime(POSTING, world.time_zone, first, last)
    first_hours, last_hours = activity.hours_at(first), activity.hours_at(last)
    for fraction in fractions:
        timestamp = int(activity.timestamp_at(first_hours + (last_hours - first_hours) * fraction))
        yield datetime.fromtimestamp(min(max(timestamp, int(first)), int(last) - 1), UTC)


def first_posting_time(world: World, start: datetime) -> datetime:
    """When the first post of the content window from `start` is due; `start` itself without a posting hour.

    Every window belongs to one local day of the world's zone, and every local day to one window: the post is due at the
    first instant of the posting hour in the 24 hours from `start` + `posting_delay`.
    """
    if world.posting_hour is None:
        return start
    zone = ZoneInfo(world.time_zone)
    opens = start + posting_delay(world.time_zone, world.posting_hour)
    today = opens.astimezone(zone).date()
    instants = (instant_of_hour(zone, today + days * DAY, world.posting_hour) for days in range(-1, 4))
    return next((instant for instant in instants if instant is not None and instant >= opens), start)


def last_posting_time(world: World, start: datetime, first: datetime) -> datetime:
    """The end of the time in which the window's other posts are due: of the local day, if a posting hour is set."""
    if world.posting_hour is None:
        return start + DAY
    zone = ZoneInfo(world.time_zone)
    today = first.astimezone(zone).date()
    midnights = (instant_of_hour(zone, today + days * DAY, 0) for days in (1, 2))
    closes = start + posting_delay(world.time_zone, world.posting_hour) + DAY
    return min([closes, *(midnight for midnight in midnights if midnight is not None)])


def instant_of_hour(zone: ZoneInfo, day: date, hour: int) -> datetime | None:
    """The first instant (UTC) of a local day at which its clock shows the hour or later.

    For an hour that the clock skips it is the end of the gap; where the gap reaches into the next day, it is the day's
    last second. None for a day that the zone skips altogether.
    """
    local = datetime.combine(day, time(hour), zone)
    instant = local.astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None):
        return instant
    after_gap = _clock_change(zone, local.replace(fold=1).astimezone(UTC), instant)
    candidates = (after_gap, after_gap - SECOND)
    return next((instant for instant in candidates if instant.astimezone(zone).date() == day), None)


def _clock_change(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The first whole second after `before` at which the zone has the offset that it has at `after`; by bisection."""
    offset = after.astimezone(zone).utcoffset()
    while after - before > SECOND:
        middle = before + (after - before) // (2 * SECOND) * SECOND
        is_changed = middle.astimezone(zone).utcoffset() == offset
        before, after = (before, middle) if is_changed else (middle, after)
    return after


@cache
def posting_delay(zone: str, hour: int) -> timedelta:
    """The time from the start of a content window to the 24 hours in which its first post is due; whole hours.

    Usually zero. But the posting hour 11 in Berlin is 10:00 UTC in winter and 09:00 UTC in summer: of windows that start
    at 10:00 UTC, one would contain it twice at one clock change, and one not at all at the other. The delay is the
    smallest after which no clock change of the zone moves the posting hour across the start of the 24 hours.
    """
    moves = [_moved_hour(hour, before, after) for before, after in _offset_changes(zone)]
    valid_delays = (
        hours * HOUR
        for hours in range(24)
        if not any(
            _crosses(CONTENT_WINDOWS.start_offset + hours * HOUR, early, late) for early, late in moves
        )
    )
    return next(valid_delays, timedelta(0))


def _moved_hour(hour: int, before: timedelta, after: timedelta) -> tuple[timedelta, timedelta]:
    """The UTC times of day of a local hour before and after a change of the offset, the earlier first.

    A change by whole days moves nothing.
    """
    change = (after - before + DAY / 2) % DAY - DAY / 2
    instant = hour * HOUR - before
    return min(instant, instant - change), max(instant, instant - change)


def _crosses(boundary: timedelta, early: timedelta, late: timedelta) -> bool:
    """Whether a time of the UTC day is after `early` and not after `late`, modulo 24 hours."""
    return (boundary - early) % DAY <= late - early and boundary % DAY != early % DAY


@cache
def _offset_changes(zone: str) -> frozenset[tuple[timedelta, timedelta]]:
    """Every change of the zone's offset from UTC: the offset before, and the offset after."""
    clock = ZoneInfo(zone)
    moment = CLOCK_CHANGES_FROM
    found = set()
    before = moment.astimezone(clock).utcoffset() or timedelta(0)
    while moment < CLOCK_CHANGES_TO:
        moment += DAY
        offset = moment.astimezone(clock).utcoffset() or timedelta(0)
        if offset != before:
            found.add((before, offset))
            before = offset
    return frozenset(found)
