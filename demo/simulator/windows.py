"""The windows of a story: its initial batch, a day of content, six hours of talk, and extras on demand."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from operator import attrgetter

from demo.simulator import tables
from demo.simulator.answers import answers
from demo.simulator.audience_time import Window
from demo.simulator.comments import Flow, comments, flows, viral_comments
from demo.simulator.conversations import messages
from demo.simulator.figures import first_reports
from demo.simulator.figures import reports as later_reports
from demo.simulator.handles import brand_handle
from demo.simulator.keyed_random import Key, numeric_id, stream, uniform
from demo.simulator.phrases import Said, Scene
from demo.simulator.pieces import piece, uses_in
from demo.simulator.platforms import PLATFORM_FIGURES
from demo.simulator.posting import last_posting_time, posted, posting_time
from demo.simulator.values import CONTENT, METRICS, Event, ProfileSpec, Quota, World
from demo.windows import INTERACTIONS

SPAN = timedelta(days=18)  # how far back the initial batch reaches
A_WHILE = timedelta(hours=1)  # in which its last piece has found its first readers
DAY = timedelta(days=1)
MAX_QUOTA_FACTOR = 6  # times its quota that a window brings at most in natural rhythm
EXTRA_SPAN = timedelta(hours=1)  # in which what is asked for happens
DEFAULT_LANGUAGE = "en"
PIECES_LOOK_BACK = timedelta(days=30)
TALK_LOOK_BACK = timedelta(days=2)


def profiles(world: World) -> tuple[ProfileSpec, ...]:
    """The brand's own profiles, one per platform."""
    return tuple(
        ProfileSpec(
            platform,
            numeric_id(world.seed, "profile", platform),
            brand_handle(platform, world.brand, world.niche),
            world.brand,
        )
        for platform in world.platforms
    )


def default_brand(seed: int, niche: str, language: str) -> str:
    """An invented company name; the same for the same seed, niche and language."""
    draw, names = stream(seed, "brand", niche), tables.niche(language, niche).brand
    return f"{draw.choice(names['first'])} {draw.choice(names['last'])}"


def initial(world: World, quota: Quota, until: datetime, span: timedelta = SPAN) -> list[Event]:
    """The batch that a demo begins with, in [until - span, until), sorted by time.

    Exactly `quota`, and on top the brand's answers and a report of each piece's figures. Raises ValueError when messages
    are asked for and no platform has them.
    """
    until = until.replace(microsecond=0)
    window = Window(world, until - span, until)
    brand = {spec.platform: spec for spec in profiles(world)}
    pieces = list(_initial_pieces(world, quota.content, until - span, until - A_WHILE))
    found = flows(world, window, pieces)
    scene = Scene(world, Said(pieces))
    talk = comments(scene, ("initial",), window, quota.comments, pieces, found, with_spikes=True)
    mail = messages(world, ("initial",), window, quota.messages, [], brand)
    reports = first_reports(world, window, pieces, talk)
    return _sorted([*pieces, *talk, *mail, *answers(scene, window, talk, brand), *reports])


def _initial_pieces(world: World, count: int, start: datetime, end: datetime) -> Iterator[Event]:
    """`count` pieces, one in each equal part of what a brand posts from `start` to `end`."""
    uses: Counter[str] = Counter()
    parts = ((number + uniform(world.seed, "spread", number)) / count for number in range(count))
    for number, at in enumerate(posted(world, start, end, parts)):
        yield piece(world, ("initial", number), at, uses)


def content_window(
    world: World, ordinal: int, start: datetime, count: int, past: Iterable[Event] = ()
) -> list[Event]:
    """`count` pieces of a day, none before `start`: the first at the posting hour, the others later that day.

    They do not begin as the pieces of the 30 days before did, as far as there are other beginnings.
    """
    uses = uses_in(event for event in past if event.at >= start - PIECES_LOOK_BACK)
    first = posting_time(world, start)
    later = (uniform(world.seed, "posting", ordinal, number) for number in range(1, count))
    times = [first, *posted(world, first, last_posting_time(world, start, first), later)][:count]
    return _sorted(piece(world, ("window", ordinal, number), at, uses) for number, at in enumerate(times))


def interactions_window(
    world: World,
    ordinal: int,
    start: datetime,
    comments_quota: int,
    messages_quota: int,
    past: Sequence[Event],
) -> list[Event]:
    """What happens in the six hours from `start`, sorted by time.

    In steady rhythm exactly the quotas. In natural rhythm as many comments as the pieces draw in those hours, which is
    the quota on average over the weeks, and of four message quotas a day the part that the audience's hours make up.
    On top come what spikes bring, the brand's answers, and reports of figures.

    Looks back on the pieces of 30 days and the talk of two, and depends on nothing but its arguments, nor on the order
    of `past`. Without any piece there are no comments. Raises ValueError when messages are asked for and no platform has
    them.
    """
    start = start.replace(microsecond=0)
    brand = {spec.platform: spec for spec in profiles(world)}
    seen, key = _looked_back_on(past, start), ("window", ordinal)
    window = Window(world, start, start + INTERACTIONS.length, PIECES_LOOK_BACK)
    found = flows(world, window, seen)
    count = comments_quota if world.rhythm == "steady" else _drawn(world, key, window, comments_quota, found)
    scene = Scene(world, Said(seen))
    talk = comments(scene, key, window, count, seen, found, with_spikes=False)
    talk += viral_comments(scene, key, window, comments_quota, found)
    count = messages_quota if world.rhythm == "steady" else _by_hours(world, start, messages_quota)
    mail = messages(world, key, window, count, seen, brand)
    reports = later_reports(world, window, seen, talk)
    return _sorted([*talk, *mail, *answers(scene, window, talk, brand), *reports])


def _drawn(world: World, key: Key, window: Window, quota: int, found: Sequence[Flow]) -> int:
    """How many comments the pieces draw in a window: each in its lifetime its share of the quotas of those days.

    A lifetime is as long as pieces are looked back on, so that those which are not leave no gap: on YouTube a quarter of
    the comments would come after 30 days.
    """
    if not found:
        return 0
    oldest = min(flow.piece.at.timestamp() for flow in found)
    days = max((window.end - oldest) / DAY.total_seconds(), 1.0)
    drawn = sum(flow.ordinary / (1 - PLATFORM_FIGURES[flow.piece.platform].left(24 * days)) for flow in found)
    expected = INTERACTIONS.per_day * quota * drawn * days / len(found)
    return min(int(expected + uniform(world.seed, "count", *key)), MAX_QUOTA_FACTOR * quota)


def _by_hours(world: World, start: datetime, quota: int) -> int:
    """The part of the UTC day's four quotas that falls in the six hours from `start`, by the audience's hours."""
    midnight = start.replace(hour=0, minute=0, second=0)
    day = Window(world, midnight, midnight + DAY)
    low, high = (
        round(INTERACTIONS.per_day * quota * _passed(day, world.platforms, moment))
        for moment in (start, start + INTERACTIONS.length)
    )
    return high - low


def _passed(day: Window, platforms: Sequence[str], moment: datetime) -> float:
    """The share of the day's activity that has passed at `moment`, on average over the world's platforms."""
    shares = [
        (day.times[platform].at(moment.timestamp()) - day.open[platform])
        / (day.close[platform] - day.open[platform])
        for platform in platforms
    ]
    return sum(shares) / len(shares)


def extra_interactions(
    world: World, ordinal: int, now: datetime, comments_quota: int, messages_quota: int, past: Sequence[Event]
) -> list[Event]:
    """Exactly so many comments and messages on demand, in the EXTRA_SPAN before `now`; nothing else, and as above."""
    end = now.replace(microsecond=0)
    start = end - EXTRA_SPAN
    brand = {spec.platform: spec for spec in profiles(world)}
    seen, key = _looked_back_on(past, start), ("generate", ordinal)
    window = Window(world, start, end, PIECES_LOOK_BACK)
    scene, found = Scene(world, Said(seen)), flows(world, window, seen)
    talk = comments(scene, key, window, comments_quota, seen, found, with_spikes=False)
    mail = messages(world, key, window, messages_quota, seen, brand)
    return _sorted([*talk, *(event for event in mail if event.origin == "")])


def extra_content(world: World, ordinal: int, now: datetime, count: int) -> list[Event]:
    """`count` pieces on demand, the last at `now`, the others seconds earlier."""
    now, uses = now.replace(microsecond=0), Counter[str]()
    return [
        piece(world, ("generate", ordinal, number), now - timedelta(seconds=count - 1 - number), uses)
        for number in range(count)
    ]


def _looked_back_on(past: Iterable[Event], start: datetime) -> list[Event]:
    """What of the past counts, in order of time."""
    pieces, talk = start - PIECES_LOOK_BACK, start - TALK_LOOK_BACK
    return _sorted(
        event for event in past if event.at >= (pieces if event.type in (CONTENT, METRICS) else talk)
    )


def _sorted(events: Iterable[Event]) -> list[Event]:
    return sorted(events, key=attrgetter("at", "platform_id"))
