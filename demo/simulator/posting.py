"""When a brand posts: at its posting hour, and else in the hours in which brands do."""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from demo.simulator.audience_time import AudienceTime
from demo.simulator.platforms import POSTING
from demo.simulator.values import World
from demo.windows import CONTENT

SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
KNOWN_CHANGES = (datetime(1970, 1, 1, tzinfo=UTC), datetime(2040, 1, 1, tzinfo=UTC))  # later years repeat


def posted(world: World, start: datetime, end: datetime, parts: Iterable[float]) -> Iterator[datetime]:
    """The times by which such parts of what a brand posts from `start` to `end` are out, in whole seconds before `end`."""
    first, last = start.timestamp(), end.timestamp()
    times = AudienceTime(POSTING, world.time_zone, first, last)
    opens, closes = times.at(first), times.at(last)
    for part in parts:
        wall = int(times.wall(opens + (closes - opens) * part))
        yield datetime.fromtimestamp(min(max(wall, int(first)), int(last) - 1), UTC)


def posting_time(world: World, start: datetime) -> datetime:
    """When the first piece of the content window from `start` is due; `start` itself without a posting hour.

    Every window serves one local day of the world's zone, and every local day is served by one window: the piece is
    due at the first instant of the posting hour in the 24 hours from `start` + `delay`.
    """
    if world.posting_hour is None:
        return start
    zone, opens = ZoneInfo(world.time_zone), start + delay(world.time_zone, world.posting_hour)
    today = opens.astimezone(zone).date()
    instants = (posting_instant(zone, today + days * DAY, world.posting_hour) for days in range(-1, 4))
    return next((instant for instant in instants if instant is not None and instant >= opens), start)


def last_posting_time(world: World, start: datetime, first: datetime) -> datetime:
    """By when the other pieces of the window are out: while the local day lasts, if a posting hour is set."""
    if world.posting_hour is None:
        return start + DAY
    zone = ZoneInfo(world.time_zone)
    today = first.astimezone(zone).date()
    midnights = (posting_instant(zone, today + days * DAY, 0) for days in (1, 2))
    closes = start + delay(world.time_zone, world.posting_hour) + DAY
    return min([closes, *(midnight for midnight in midnights if midnight is not None)])


def posting_instant(zone: ZoneInfo, day: date, hour: int) -> datetime | None:
    """The first instant (UTC) of a local day at which its clock shows the hour or more.

    An hour that the clock skips begins when it has been skipped; where the rest of the day is skipped with it, the
    instant is the day's last second. None for a day that the zone skips altogether.
    """
    local = datetime.combine(day, time(hour), zone)
    instant = local.astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None):
        return instant
    after_gap = _change(zone, local.replace(fold=1).astimezone(UTC), instant)
    found = (one for one in (after_gap, after_gap - SECOND) if one.astimezone(zone).date() == day)
    return next(found, None)


def _change(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The first whole second after `before` at which the zone has the offset that it has at `after`."""
    offset = after.astimezone(zone).utcoffset()
    while after - before > SECOND:
        middle = before + (after - before) // (2 * SECOND) * SECOND
        changed = middle.astimezone(zone).utcoffset() == offset
        before, after = (before, middle) if changed else (middle, after)
    return after


@cache
def delay(zone: str, hour: int) -> timedelta:
    """How long after the start of a content window the 24 hours begin in which its first piece is due; whole hours.

    Mostly zero. Where a change of the zone's clock would move the posting hour across the start of the windows, 24 hours
    from there would hold it twice on some day and not at all on another: so they begin later, at the first hour of the
    UTC day that no change of the clock moves it across.
    """
    moves = [_moved(hour, before, after) for before, after in _offsets(zone)]
    fitting = (
        hours * HOUR
        for hours in range(24)
        if not any(_crosses(CONTENT.starts_at + hours * HOUR, early, late) for early, late in moves)
    )
    return next(fitting, timedelta(0))


def _moved(hour: int, before: timedelta, after: timedelta) -> tuple[timedelta, timedelta]:
    """Between which hours of the UTC day a change of the offset moves a local hour, the earlier first.

    A change by whole days moves nothing.
    """
    by = (after - before + DAY / 2) % DAY - DAY / 2
    instant = hour * HOUR - before
    return min(instant, instant - by), max(instant, instant - by)


def _crosses(boundary: timedelta, early: timedelta, late: timedelta) -> bool:
    """Whether the boundary of a UTC day lies after `early` and not after `late`, on whatever day."""
    return (boundary - early) % DAY <= late - early and boundary % DAY != early % DAY


@cache
def _offsets(zone: str) -> frozenset[tuple[timedelta, timedelta]]:
    """Every change of the zone's offset from UTC in KNOWN_CHANGES: what it was, and what it became."""
    clock, (moment, end) = ZoneInfo(zone), KNOWN_CHANGES
    found, before = set(), moment.astimezone(clock).utcoffset() or timedelta(0)
    while moment < end:
        moment += DAY
        offset = moment.astimezone(clock).utcoffset() or timedelta(0)
        if offset != before:
            found.add((before, offset))
            before = offset
    return frozenset(found)
