"""Wall time warped by an audience's hours and weekdays: an hour of the evening counts for more than one of the night.

Ages and delays are measured in this operational time, drawn in it, and mapped back. A week of wall time is a week of
operational time; the clock of the audience's zone moves it at daylight saving changes.
"""

from bisect import bisect_right
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from itertools import accumulate
from zoneinfo import ZoneInfo

from demo.simulator.platforms import PLATFORM_FIGURES, Hours
from demo.simulator.values import World

HOUR, DAY, WEEK = 3_600, 86_400, 604_800
MONDAY = 4 * DAY  # the first one after 1970-01-01, a Thursday


class AudienceTime:
    """The operational time of one audience between two instants; wall times are seconds since 1970, UTC."""

    def __init__(self, hours: Hours, zone: str, start: float, end: float) -> None:
        """Covers [start, end]; outside, the zone's clock is taken to stand as at the nearer end."""
        self._week = _week(hours)
        self._since = [start]  # where a new offset from UTC holds,
        self._offset = [_offset(zone, int(start) // DAY * DAY)[0]]
        for day in range(int(start) // DAY * DAY, int(end) + 1, DAY):
            change, offset = _offset(zone, day)[1]
            if change is not None and change <= start:
                self._offset[0] = offset
            elif change is not None:
                self._since.append(change)
                self._offset.append(offset)
        self._passed = [0.0]  # the operational time there, and the same against the local clock's
        self._shift = [-_warped(self._week, start + self._offset[0])]
        for number in range(1, len(self._since)):
            self._passed.append(self._at(number - 1, self._since[number]))
            local = self._since[number] + self._offset[number]
            self._shift.append(self._passed[number] - _warped(self._week, local))

    def at(self, wall: float) -> float:
        """The operational hours at `wall`; only differences mean anything."""
        return self._at(max(bisect_right(self._since, wall) - 1, 0), wall) / HOUR

    def wall(self, hours: float) -> float:
        """The inverse of `at`."""
        seconds = hours * HOUR
        number = max(bisect_right(self._passed, seconds) - 1, 0)
        return _local(self._week, seconds - self._shift[number]) - self._offset[number]

    def _at(self, number: int, wall: float) -> float:
        return self._shift[number] + _warped(self._week, wall + self._offset[number])


Week = tuple[
    tuple[float, ...], tuple[float, ...]
]  # operational seconds at the start of each hour, and each hour's rate


@cache
def _week(hours: Hours) -> Week:
    raw = [hour * day for day in hours.weekdays for hour in hours.hours]
    rates = tuple(rate * len(raw) / sum(raw) for rate in raw)
    return tuple(accumulate((rate * HOUR for rate in rates), initial=0.0)), rates


def _warped(week: Week, local: float) -> float:
    weeks, rest = divmod(local - MONDAY, WEEK)
    hour = int(rest // HOUR)
    return weeks * WEEK + week[0][hour] + week[1][hour] * (rest - hour * HOUR)


def _local(week: Week, warped: float) -> float:
    weeks, rest = divmod(warped, WEEK)
    hour = min(bisect_right(week[0], rest) - 1, 167)
    return MONDAY + weeks * WEEK + hour * HOUR + (rest - week[0][hour]) / week[1][hour]


@lru_cache(maxsize=8_192)
def _offset(zone: str, day: int) -> tuple[float, tuple[float | None, float]]:
    """The zone's offset at the start of a UTC day, and when in that day it changes, and to what."""
    before, after = _offset_at(zone, day), _offset_at(zone, day + DAY)
    if before == after:
        return before, (None, before)
    low, high = day, day + DAY
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _offset_at(zone, middle) == before else (low, middle)
    return before, (float(high), after)


def _offset_at(zone: str, moment: int) -> float:
    offset = datetime.fromtimestamp(moment, ZoneInfo(zone)).utcoffset()
    return offset.total_seconds() if offset is not None else 0.0


class Window:
    """A stretch of time [start, end) and the audience's time on each of the world's platforms in it and as far back as `back`."""

    def __init__(self, world: World, start: datetime, end: datetime, back: timedelta = timedelta(0)) -> None:
        self.start, self.end = start.timestamp(), end.timestamp()
        since = (start - back).timestamp()
        self.times = {
            platform: _time(PLATFORM_FIGURES[platform].hours, world.time_zone, since, self.end)
            for platform in world.platforms
        }
        self.open = {platform: time.at(self.start) for platform, time in self.times.items()}
        self.close = {platform: time.at(self.end) for platform, time in self.times.items()}

    def moment(self, platform: str, hours: float, after: float) -> datetime:
        """The wall time at `hours` of the audience's time, in whole seconds, after `after` and in the window."""
        within = min(max(hours, self.open[platform]), self.close[platform])
        wall = self.times[platform].wall(within)
        seconds = min(max(int(wall), int(after) + 1, int(self.start)), int(self.end) - 1)
        return datetime.fromtimestamp(seconds, UTC)


@lru_cache(maxsize=256)
def _time(hours: Hours, zone: str, start: float, end: float) -> AudienceTime:
    """The time that all audiences of a zone have in common."""
    return AudienceTime(hours, zone, start, end)
