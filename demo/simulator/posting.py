"""When a brand posts: at its posting hour, and else in the hours in which brands do."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from demo.simulator.audience_time import AudienceTime
from demo.simulator.platforms import POSTING
from demo.simulator.values import World

DAY = timedelta(days=1)


def posted(world: World, start: datetime, end: datetime, parts: Iterable[float]) -> Iterator[datetime]:
    """The times by which such parts of what a brand posts from `start` to `end` are out, in whole seconds before `end`."""
    first, last = start.timestamp(), end.timestamp()
    times = AudienceTime(POSTING, world.time_zone, first, last)
    opens, closes = times.at(first), times.at(last)
    for part in parts:
        wall = int(times.wall(opens + (closes - opens) * part))
        yield datetime.fromtimestamp(min(max(wall, int(first)), int(last) - 1), UTC)


def posting_time(world: World, start: datetime) -> datetime:
    """The first time in the 24 hours from `start` that the local clock shows the posting hour.

    An hour that the clock skips moves forward. Without a posting hour it is `start`, also when these 24 hours lack that
    hour, as where the clock goes back.
    """
    if world.posting_hour is None:
        return start
    zone = ZoneInfo(world.time_zone)
    for day in (0, 1, 2):
        local = (start.astimezone(zone) + timedelta(days=day - 1)).replace(
            hour=world.posting_hour, minute=0, second=0, fold=0
        )
        moment = local.astimezone(UTC)
        if start <= moment < start + DAY:
            return moment
    return start
