"""Audience time: wall time scaled by how active the audience is, so that an hour in the evening counts for more than one
at night. Called by every module that draws times.

Ages and delays are drawn in audience hours and converted back to wall time. A week of wall time is 168 audience hours.
Local hours and weekdays are those of the audience's time zone, across daylight saving changes.
"""

from bisect import bisect_right
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from itertools import accumulate
from zoneinfo import ZoneInfo

from demo.simulator.platforms import PLATFORM_FIGURES, ActivityCurve
from demo.simulator.values import World

HOUR, DAY, WEEK = 3_600, 86_400, 604_800
FIRST_MONDAY = 4 * DAY  # after 1970-01-01, a Thursday


class AudienceTime:
    """Converts between timestamps (seconds since 1970, UTC) and the hours of one audience."""

    def __init__(self, activity: ActivityCurve, zone: str, start: float, end: float) -> None:
        """Exact for timestamps in [start, end]; outside, the UTC offset of the nearer end is used."""
        self._week = _week(activity)
        self._changes = [start]  # timestamps from which the offset with the same index applies
        self._offsets = [_offset_and_change(zone, int(start) // DAY * DAY)[0]]
        for day in range(int(start) // DAY * DAY, int(end) + 1, DAY):
            change, offset = _offset_and_change(zone, day)[1]
            if change is not None and change <= start:
                self._offsets[0] = offset
            elif change is not None:
                self._changes.append(change)
                self._offsets.append(offset)
        self._elapsed = [0.0]  # audience seconds at each change
        self._shifts = [-_audience_seconds(self._week, start + self._offsets[0])]
        for index in range(1, len(self._changes)):
            self._elapsed.append(self._seconds_at(index - 1, self._changes[index]))
            local = self._changes[index] + self._offsets[index]
            self._shifts.append(self._elapsed[index] - _audience_seconds(self._week, local))

    def hours_at(self, timestamp: float) -> float:
        """The audience hours at a timestamp. Their zero is arbitrary, so use differences only."""
        return self._seconds_at(max(bisect_right(self._changes, timestamp) - 1, 0), timestamp) / HOUR

    def timestamp_at(self, hours: float) -> float:
        """The inverse of `hours_at`."""
        seconds = hours * HOUR
        index = max(bisect_right(self._elapsed, seconds) - 1, 0)
        return _local_seconds(self._week, seconds - self._shifts[index]) - self._offsets[index]

    def _seconds_at(self, index: int, timestamp: float) -> float:
        return self._shifts[index] + _audience_seconds(self._week, timestamp + self._offsets[index])


# Of the 168 hours of a week: the audience seconds at the start of each, and the audience seconds per second in each.
Week = tuple[tuple[float, ...], tuple[float, ...]]


@cache
def _week(activity: ActivityCurve) -> Week:
    raw = [hour * day for day in activity.weekdays for hour in activity.hours]
    rates = tuple(rate * len(raw) / sum(raw) for rate in raw)
    return tuple(accumulate((rate * HOUR for rate in rates), initial=0.0)), rates


def _audience_seconds(week: Week, local: float) -> float:
    weeks, rest = divmod(local - FIRST_MONDAY, WEEK)
    hour = int(rest // HOUR)
    return weeks * WEEK + week[0][hour] + week[1][hour] * (rest - hour * HOUR)


def _local_seconds(week: Week, audience_seconds: float) -> float:
    """The inverse of `_audience_seconds`."""
    weeks, rest = divmod(audience_seconds, WEEK)
    hour = min(bisect_right(week[0], rest) - 1, 167)
    return FIRST_MONDAY + weeks * WEEK + hour * HOUR + (rest - week[0][hour]) / week[1][hour]


@lru_cache(maxsize=8_192)
def _offset_and_change(zone: str, day: int) -> tuple[float, tuple[float | None, float]]:
    """The zone's offset at the start of a UTC day; and the timestamp in that day at which it changes, with the new one."""
    before, after = _offset_at(zone, day), _offset_at(zone, day + DAY)
    if before == after:
        return before, (None, before)
    low, high = day, day + DAY
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _offset_at(zone, middle) == before else (low, middle)
    return before, (float(high), after)


def _offset_at(zone: str, timestamp: int) -> float:
    offset = datetime.fromtimestamp(timestamp, ZoneInfo(zone)).utcoffset()
    return offset.total_seconds() if offset is not None else 0.0


class AudienceWindow:
    """A time span [start, end) to draw events in, with the audience time of each of the world's platforms.

    `start` and `end` are timestamps; `start_hours` and `end_hours` are the same in audience hours, by platform. The
    audience time also covers `look_back` before the start.
    """

    def __init__(
        self, world: World, start: datetime, end: datetime, look_back: timedelta = timedelta(0)
    ) -> None:
        self.start, self.end = start.timestamp(), end.timestamp()
        since = (start - look_back).timestamp()
        self.audience_time = {
            platform: _audience_time(PLATFORM_FIGURES[platform].activity, world.time_zone, since, self.end)
            for platform in world.platforms
        }
        self.start_hours = {
            platform: time.hours_at(self.start) for platform, time in self.audience_time.items()
        }
        self.end_hours = {platform: time.hours_at(self.end) for platform, time in self.audience_time.items()}

    def hours_at(self, platform: str, moment: datetime) -> float:
        """The audience hours at a moment."""
        return self.audience_time[platform].hours_at(moment.timestamp())

    def datetime_at(self, platform: str, hours: float, after: float) -> datetime:
        """The moment at `hours` of audience time, moved into the window and after the timestamp `after`; whole seconds."""
        clamped = min(max(hours, self.start_hours[platform]), self.end_hours[platform])
        timestamp = self.audience_time[platform].timestamp_at(clamped)
        seconds = min(max(int(timestamp), int(after) + 1, int(self.start)), int(self.end) - 1)
        return datetime.fromtimestamp(seconds, UTC)


@lru_cache(maxsize=256)
def _audience_time(activity: ActivityCurve, zone: str, start: float, end: float) -> AudienceTime:
    """Cached, as worlds with the same time zone share it."""
    return AudienceTime(activity, zone, start, end)
