"""The windows of a story: its initial batch, a day of content, six hours of talk, and extras on demand."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from demo.simulator import draws
from demo.simulator.streams import identity, stream
from demo.simulator.texts import brand_name
from demo.simulator.values import CONTENT, Event, ProfileSpec, Quota, World

SPAN = timedelta(days=18)  # how far back the initial batch reaches
SIX_HOURS = timedelta(hours=6)
DAY = timedelta(days=1)
PIECES_LOOK_BACK = timedelta(days=30)
TALK_LOOK_BACK = timedelta(days=2)


def profiles(world: World) -> tuple[ProfileSpec, ...]:
    """The brand's own profiles, one per platform."""
    handle = "".join(letter for letter in world.brand.lower() if letter.isalnum()) or "brand"
    return tuple(
        ProfileSpec(platform, identity(world.seed, "profile", platform), handle, world.brand)
        for platform in world.platforms
    )


def default_brand(seed: int, niche: str) -> str:
    """An invented company name; the same for the same seed and niche."""
    return brand_name(seed, niche)


def initial(world: World, quota: Quota, until: datetime, span: timedelta = SPAN) -> list[Event]:
    """The batch that a demo begins with: exactly `quota`, in [until - span, until), sorted by time.

    Raises ValueError when messages are asked for and no platform has them.
    """
    until = until.replace(microsecond=0)
    start = until - span
    pieces = [_initial_piece(world, number, quota.content, start, span) for number in range(quota.content)]
    talk = draws.comments(world, ("initial",), start, until, quota.comments, pieces)
    mail = draws.messages(world, ("initial",), start, until, quota.messages, [])
    return _sorted([*pieces, *talk, *mail])


def _initial_piece(world: World, number: int, count: int, start: datetime, span: timedelta) -> Event:
    """Piece `number` of `count`, one in each equal part of the span, none in its last hour."""
    share = (number + stream(world.seed, "spread", number).random()) / count
    seconds = int((span - timedelta(hours=1)).total_seconds() * share)
    return draws.piece(world, ("initial", number), start + timedelta(seconds=seconds))


def content_window(world: World, ordinal: int, start: datetime, count: int) -> list[Event]:
    """`count` pieces in the 24 hours from `start`: the first at the posting hour, the others later in the day."""
    first = posting_time(world, start)
    events = []
    for number in range(count):
        draw = stream(world.seed, "posting", ordinal, number)
        later = timedelta(seconds=int(draw.uniform(0.05, 0.95) * (start + DAY - first).total_seconds()))
        events.append(draws.piece(world, ("window", ordinal, number), first + later if number else first))
    return _sorted(events)


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


def interactions_window(
    world: World,
    ordinal: int,
    start: datetime,
    comments: int,
    messages: int,
    past: Sequence[Event],
    stream: str = "window",
    length: timedelta = SIX_HOURS,
) -> list[Event]:
    """Exactly `comments` comments and `messages` messages in [start, start + length), sorted by time.

    Looks back on the pieces of 30 days and the talk of two, and depends on nothing but its arguments, nor on the order of
    `past`. Without any piece there are no comments. Raises ValueError when messages are asked for and no platform
    has them.
    """
    start = start.replace(microsecond=0)
    seen = _looked_back_on(past, start)
    key, end = (stream, ordinal), start + length
    talk = draws.comments(world, key, start, end, comments, seen)
    return _sorted([*talk, *draws.messages(world, key, start, end, messages, seen)])


def extra_content(world: World, ordinal: int, now: datetime, count: int) -> list[Event]:
    """`count` pieces on demand, the last at `now`, the others seconds earlier."""
    now = now.replace(microsecond=0)
    return [
        draws.piece(world, ("generate", ordinal, number), now - timedelta(seconds=count - 1 - number))
        for number in range(count)
    ]


def _looked_back_on(past: Iterable[Event], start: datetime) -> list[Event]:
    horizon = {True: start - PIECES_LOOK_BACK, False: start - TALK_LOOK_BACK}
    return _sorted(event for event in past if event.at >= horizon[event.type == CONTENT])


def _sorted(events: Iterable[Event]) -> list[Event]:
    return sorted(events, key=lambda event: (event.at, event.platform_id))
