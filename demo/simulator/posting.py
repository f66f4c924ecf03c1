"""When a brand posts: at its posting hour, and else in the hours in which brands do."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from demo.simulator.audience_time import AudienceTime
from demo.simulator.platforms import POSTING
from demo.simulator.values import World

DAY = timedelta(days=1)


def posted(world: World, start: datetime, end: datetime, part: float) -> datetime:
    """The time by which `part` of what a brand posts from `start` to `end` is out, in whole seconds before `end`."""
    times = AudienceTime(POSTING, world.time_zone, start.timestamp(), end.timestamp())
    opens, closes = times.at(start.timestamp()), times.at(end.timestamp())
    wall = int(times.wall(opens + (closes - opens) * part))
    return datetime.fromtimestamp(min(max(wall, int(start.timestamp())), int(end.timestamp()) - 1), UTC)


def posting_time(world: World, start: datetime) -> datetime:
    """The first time in the 24 hours from `start` that the local clock shows the posting hour.

    An hour that the clock skips moves forward; without a posting hour it is `start`.
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
