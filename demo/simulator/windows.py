"""Draws the windows of a story: the initial batch, windows of content and of interactions, and extra events on demand.
Called by the engine (planning) and the lifecycle (activation, on demand), through `demo.simulator`.

`past` is the account's story so far, in any order. A window depends on its arguments alone.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from operator import attrgetter

from demo.simulator import tables
from demo.simulator.audience_time import AudienceWindow
from demo.simulator.brand_replies import brand_replies
from demo.simulator.comments import WeightedPost, comments, spike_comments, weigh_posts
from demo.simulator.content_metrics import initial_reports, metrics_reports
from demo.simulator.conversations import messages
from demo.simulator.handles import brand_handle
from demo.simulator.keyed_random import Key, numeric_id, stream, uniform
from demo.simulator.phrases import LineUses, TextContext
from demo.simulator.platforms import PLATFORM_FIGURES
from demo.simulator.posting import first_posting_time, last_posting_time, posting_times
from demo.simulator.posts import count_hook_uses, post
from demo.simulator.values import CONTENT, METRICS, ProfileSpec, Quota, SimulatedEvent, World
from demo.windows import INTERACTION_WINDOWS

INITIAL_SPAN = timedelta(days=18)  # of the initial batch
MIN_POST_AGE = timedelta(hours=1)  # of the initial batch's last post, so that it has some comments
DAY = timedelta(days=1)
MAX_QUOTA_FACTOR = 6  # in natural rhythm a window has at most this many times its quota of comments
EXTRA_SPAN = timedelta(hours=1)  # before now, in which extra interactions happen
DEFAULT_LANGUAGE = "en"
POSTS_LOOK_BACK = timedelta(days=30)  # how far back a window reads posts and their reports,
INTERACTIONS_LOOK_BACK = timedelta(days=2)  # and comments and messages


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


def _profiles_by_platform(world: World) -> dict[str, ProfileSpec]:
    return {spec.platform: spec for spec in profiles(world)}


def default_brand(seed: int, niche: str, language: str) -> str:
    """An invented company name; the same for the same seed, niche and language."""
    rng = stream(seed, "brand", niche)
    names = tables.niche(language, niche).brand
    return f"{rng.choice(names['first'])} {rng.choice(names['last'])}"


def initial_batch(
    world: World, quota: Quota, until: datetime, span: timedelta = INITIAL_SPAN
) -> list[SimulatedEvent]:
    """The initial batch, in [until - span, until), sorted by time.

    Exactly `quota`, and in addition the brand's replies and one report of metrics per post. Raises ValueError when
    messages are requested and no platform has them.
    """
    until = until.replace(microsecond=0)
    window = AudienceWindow(world, until - span, until)
    brand = _profiles_by_platform(world)
    posts = list(_initial_posts(world, quota.content, until - span, until - MIN_POST_AGE))
    weighted = weigh_posts(world, window, posts)
    context = TextContext(world, LineUses(posts))
    key = ("initial",)
    new_comments = comments(context, key, window, quota.comments, posts, weighted, with_spikes=True)
    new_messages = messages(world, key, window, quota.messages, [], brand)
    reports = initial_reports(world, window, posts, new_comments)
    replies = brand_replies(context, window, new_comments, brand)
    return _sorted([*posts, *new_comments, *new_messages, *replies, *reports])


def _initial_posts(world: World, count: int, start: datetime, end: datetime) -> Iterator[SimulatedEvent]:
    """`count` posts, stratified over the posting activity between `start` and `end`."""
    hook_uses: Counter[str] = Counter()
    fractions = ((number + uniform(world.seed, "spread", number)) / count for number in range(count))
    for number, at in enumerate(posting_times(world, start, end, fractions)):
        yield post(world, ("initial", number), at, hook_uses)


def content_window(
    world: World, ordinal: int, start: datetime, count: int, past: Iterable[SimulatedEvent] = ()
) -> list[SimulatedEvent]:
    """`count` posts of one day, none before `start`: the first at the posting hour, the others later on that day.

    Their first sentences are those that the posts within POSTS_LOOK_BACK used least.
    """
    hook_uses = count_hook_uses(event for event in past if event.at >= start - POSTS_LOOK_BACK)
    first = first_posting_time(world, start)
    fractions = (uniform(world.seed, "posting", ordinal, number) for number in range(1, count))
    later = posting_times(world, first, last_posting_time(world, start, first), fractions)
    times = [first, *later][:count]
    return _sorted(post(world, ("window", ordinal, number), at, hook_uses) for number, at in enumerate(times))


def interactions_window(
    world: World,
    ordinal: int,
    start: datetime,
    comments_quota: int,
    messages_quota: int,
    past: Sequence[SimulatedEvent],
) -> list[SimulatedEvent]:
    """The events of the window from `start`, sorted by time.

    In steady rhythm exactly the quotas. In natural rhythm the comments follow the posts' popularity and age, on average
    over the weeks the quota; the messages of a day's windows are divided between them by the audience's activity. The
    comments of spikes, the brand's replies and reports of metrics are in addition.

    Reads the posts within POSTS_LOOK_BACK and the interactions within INTERACTIONS_LOOK_BACK. Without any post there are
    no comments.
    Raises ValueError when messages are requested and no platform has them.
    """
    start = start.replace(microsecond=0)
    brand = _profiles_by_platform(world)
    recent = _recent(past, start)
    key = ("window", ordinal)
    window = AudienceWindow(world, start, start + INTERACTION_WINDOWS.length, POSTS_LOOK_BACK)
    weighted = weigh_posts(world, window, recent)
    quota = Quota(comments=comments_quota, messages=messages_quota)
    count = RHYTHMS[world.rhythm](world, key, window, weighted, quota)
    context = TextContext(world, LineUses(recent))
    new_comments = comments(context, key, window, count.comments, recent, weighted, with_spikes=False)
    new_comments += spike_comments(context, key, window, comments_quota, weighted)
    new_messages = messages(world, key, window, count.messages, recent, brand)
    reports = metrics_reports(world, window, recent, new_comments)
    replies = brand_replies(context, window, new_comments, brand)
    return _sorted([*new_comments, *new_messages, *replies, *reports])


def _steady(
    world: World, key: Key, window: AudienceWindow, posts: Sequence[WeightedPost], quota: Quota
) -> Quota:
    return quota


def _natural(
    world: World, key: Key, window: AudienceWindow, posts: Sequence[WeightedPost], quota: Quota
) -> Quota:
    return Quota(
        comments=_natural_comments(world, key, window, quota.comments, posts),
        messages=_natural_messages(world, datetime.fromtimestamp(window.start, UTC), quota.messages),
    )


RHYTHMS = {"steady": _steady, "natural": _natural}  # the numbers of one window, by the world's rhythm


def _natural_comments(
    world: World, key: Key, window: AudienceWindow, quota: int, posts: Sequence[WeightedPost]
) -> int:
    """The number of comments in natural rhythm, whose average over the weeks is the quota.

    Each weight is divided by the share of the post's comments that arrive within the days that a window reads posts of;
    otherwise those that arrive later, a quarter on YouTube, would be missing from the average.
    """
    if not posts:
        return 0
    oldest = min(weighted.post.at.timestamp() for weighted in posts)
    days = max((window.end - oldest) / DAY.total_seconds(), 1.0)
    total = sum(
        weighted.weight / (1 - PLATFORM_FIGURES[weighted.post.platform].remaining_share(24 * days))
        for weighted in posts
    )
    expected = INTERACTION_WINDOWS.per_day * quota * total * days / len(posts)
    return min(int(expected + uniform(world.seed, "count", *key)), MAX_QUOTA_FACTOR * quota)


def _natural_messages(world: World, start: datetime, quota: int) -> int:
    """The number of messages in natural rhythm: the UTC day's quotas, divided by the audience's activity."""
    midnight = start.replace(hour=0, minute=0, second=0)
    day = AudienceWindow(world, midnight, midnight + DAY)
    low, high = (
        round(INTERACTION_WINDOWS.per_day * quota * _elapsed_share(day, world.platforms, moment))
        for moment in (start, start + INTERACTION_WINDOWS.length)
    )
    return high - low


def _elapsed_share(day: AudienceWindow, platforms: Sequence[str], moment: datetime) -> float:
    """The share of the day's audience hours before `moment`, averaged over the platforms."""
    shares = [
        (day.hours_at(platform, moment) - day.start_hours[platform])
        / (day.end_hours[platform] - day.start_hours[platform])
        for platform in platforms
    ]
    return sum(shares) / len(shares)


def extra_interactions(
    world: World,
    ordinal: int,
    now: datetime,
    comments_quota: int,
    messages_quota: int,
    past: Sequence[SimulatedEvent],
) -> list[SimulatedEvent]:
    """Exactly the quotas of comments and messages, in the EXTRA_SPAN before `now`, sorted by time, and nothing else.

    Reads the same past and raises the same errors as `interactions_window`.
    """
    end = now.replace(microsecond=0)
    start = end - EXTRA_SPAN
    recent = _recent(past, start)
    key = ("generate", ordinal)
    window = AudienceWindow(world, start, end, POSTS_LOOK_BACK)
    context = TextContext(world, LineUses(recent))
    weighted = weigh_posts(world, window, recent)
    new_comments = comments(context, key, window, comments_quota, recent, weighted, with_spikes=False)
    new_messages = messages(world, key, window, messages_quota, recent, _profiles_by_platform(world))
    return _sorted([*new_comments, *(event for event in new_messages if event.origin == "")])


def extra_content(world: World, ordinal: int, now: datetime, count: int) -> list[SimulatedEvent]:
    """`count` posts on demand, the last at `now`, each of the others a second before the next."""
    now = now.replace(microsecond=0)
    hook_uses = Counter[str]()
    return [
        post(world, ("generate", ordinal, number), now - timedelta(seconds=count - 1 - number), hook_uses)
        for number in range(count)
    ]


def _recent(past: Iterable[SimulatedEvent], start: datetime) -> list[SimulatedEvent]:
    """The events that a window from `start` reads, sorted by time."""
    posts_since, interactions_since = start - POSTS_LOOK_BACK, start - INTERACTIONS_LOOK_BACK
    return _sorted(
        event
        for event in past
        if event.at >= (posts_since if event.type in (CONTENT, METRICS) else interactions_since)
    )


def _sorted(events: Iterable[SimulatedEvent]) -> list[SimulatedEvent]:
    return sorted(events, key=attrgetter("at", "platform_id"))
