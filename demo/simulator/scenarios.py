"""Scenarios: a viral spike, a complaint wave or a product launch within three hours. Called by demo/lifecycle/scenarios.py.

A user starts a scenario to watch it, so it ignores the audience's hours. People, writing styles and phrases are those of
all windows.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import islice, pairwise
from math import exp
from operator import attrgetter

from accounts.platforms import MESSAGE_PLATFORMS
from demo.simulator.comment_authors import author_number, reply_author, tagged_friend
from demo.simulator.comment_texts import comment_text
from demo.simulator.content_metrics import metrics_report
from demo.simulator.conversations import opening_message
from demo.simulator.keyed_random import Key, numeric_id, rejection_sample, stream, uniform, uniform_choice
from demo.simulator.people import person
from demo.simulator.phrases import SENTIMENTS, LineUses, TextContext, comment_kind
from demo.simulator.posts import count_hook_uses, post, subject
from demo.simulator.repetition import has_words, without_repetition
from demo.simulator.reply_targets import REPLY_WEIGHTS, displayed_parent_id
from demo.simulator.reply_texts import brand_reply_text, reply_text
from demo.simulator.scenario_plans import MIXED, SCENARIO_PLANS, Curve, ScenarioPlan
from demo.simulator.scripts import first_lines, script_names
from demo.simulator.tables import ProductOrEvent, Topic, niche
from demo.simulator.values import COMMENT, CONTENT, ProfileSpec, SimulatedEvent, World
from demo.simulator.windows import POSTS_LOOK_BACK, profiles

SCENARIO_DURATION = timedelta(hours=3)
START_DELAY = timedelta(seconds=5)
LATEST_POSTS = (0.5, 0.3, 0.2)  # shares of the comments on the brand's latest posts, the newest first [A]
MIN_REPLY_DELAY = timedelta(seconds=20)
REPLY_DECAY = timedelta(minutes=12)  # in which a comment's weight as a parent falls to 1/e [A]
BRAND_REPLY_MINUTES = (1.0, 7.0)  # from a question to the brand's reply, minimum and maximum [A]


def scenario(
    world: World, name: str, ordinal: int, now: datetime, past: Sequence[SimulatedEvent]
) -> list[SimulatedEvent]:
    """The scenario's events from five seconds after `now` to SCENARIO_DURATION after it, sorted by time.

    Reads the events of `past` up to `now` and at most 30 days old, in any order. There are no messages when no platform
    has them, and no comments when they would be on earlier posts and there are none. The events' origins are empty, also
    of the brand's replies and of the reports. Raises KeyError when there is no scenario with that name.
    """
    plan = SCENARIO_PLANS[name]
    key = ("scenario", name, ordinal)
    now = now.replace(microsecond=0)
    start = now + START_DELAY
    recent = [event for event in past if now - POSTS_LOOK_BACK <= event.at <= now]
    context = TextContext(world, LineUses(recent))
    new_posts = [_new_post(world, key, plan, start, recent)] if plan.publishes else []
    comments = _comments(context, key, plan, start, new_posts or _latest_posts(recent))
    product = subject(world, new_posts[0].platform_id).item if new_posts else None
    messages = _messages(context, key, plan, start, product)
    replies = _brand_replies(context, key, plan, comments)
    reports = _metrics_reports(world, key, plan, new_posts, comments)
    return sorted([*new_posts, *comments, *messages, *replies, *reports], key=attrgetter("at", "platform_id"))


def _new_post(
    world: World, key: Key, plan: ScenarioPlan, at: datetime, recent: Sequence[SimulatedEvent]
) -> SimulatedEvent:
    """A post about a product. The topic follows from the post's id, so posts are drawn until one fits."""
    topics = [
        topic for topic in niche(world.language, world.niche).topics.values() if topic.about == "product"
    ]
    if plan.announces:
        topics = [_launch_topic(topics)]
    return rejection_sample(
        lambda attempt: post(world, (*key, attempt), at, count_hook_uses(recent)),
        lambda proposal: subject(world, proposal.platform_id).topic in topics,
    )


def _launch_topic(topics: Sequence[Topic]) -> Topic:
    """The topic "launch"; the niche's first topic when it has none."""
    return next((topic for topic in topics if topic.name == "launch"), topics[0])


def _latest_posts(recent: Sequence[SimulatedEvent]) -> list[SimulatedEvent]:
    """The brand's latest posts, the newest first."""
    posts = (event for event in recent if event.type == CONTENT)
    return sorted(posts, key=attrgetter("at", "platform_id"), reverse=True)[: len(LATEST_POSTS)]


def _times(world: World, key: Key, start: datetime, curve: Curve, count: int) -> Iterator[datetime]:
    """`count` ascending times after `start`, stratified by the curve; no two in the same second."""
    second = 0
    for number in range(count):
        minute = _minute_at(curve, (number + uniform(world.seed, *key, "when", number)) / count)
        second = max(int(60 * minute), second + 1)
        yield start + timedelta(seconds=second)


def _minute_at(curve: Curve, share: float) -> float:
    """The minute at which the curve reaches the share; linear between its points."""
    (early, low), (late, high) = next(step for step in pairwise(curve) if share <= step[1][1])
    return early + (late - early) * (share - low) / (high - low)


def _shuffled(world: World, key: Key, numbers: Mapping[str, int]) -> list[str]:
    """Each key as often as its number says, in random order, except that the first key is first."""
    names = [name for name, number in numbers.items() for _ in range(number)]
    return names[:1] + stream(world.seed, *key, "deck").sample(names[1:], max(len(names) - 1, 0))


def _comments(
    context: TextContext, key: Key, plan: ScenarioPlan, start: datetime, posts: Sequence[SimulatedEvent]
) -> list[SimulatedEvent]:
    """The comments on the posts, sorted by time. The first three are first-level comments."""
    if not posts:
        return []
    world = context.world
    key = (*key, "comment")
    rng = stream(world.seed, *key, "replies")
    reply_numbers = rng.sample(range(3, plan.comments), plan.replies)
    chosen_posts = iter(rng.choices(posts, LATEST_POSTS[: len(posts)], k=plan.comments))
    kinds = iter(_shuffled(world, key, plan.kinds))
    found = list[SimulatedEvent]()
    for number, at in enumerate(_times(world, key, start, plan.curve, plan.comments)):
        comment_key = (*key, number)
        if number in reply_numbers:
            parent = _parent(world, comment_key, found, at)
            propose = partial(_reply, context, comment_key, parent, at)
        else:
            propose = partial(_first_level, context, comment_key, next(chosen_posts), next(kinds), at)
        found.append(without_repetition(context, propose, found))
    return found


def _first_level(
    context: TextContext, key: Key, on: SimulatedEvent, kind: str, at: datetime, attempt: int
) -> SimulatedEvent:
    world = context.world
    platform = on.platform
    kind, sentiment = ("favourable", "neutral") if kind == MIXED else (kind, SENTIMENTS[kind])
    comment_id = numeric_id(world.seed, *key, attempt)
    number = author_number(world, platform, comment_id, sentiment, None)
    author = person(world.seed, context.words.locales, platform, number)
    friend = partial(tagged_friend, context, platform, comment_id)
    text, memo = comment_text(context, on, comment_id, (kind, sentiment), author, friend)
    return SimulatedEvent(COMMENT, platform, comment_id, at, text, author, on.platform_id, memo=memo)


def _parent(world: World, key: Key, comments: Sequence[SimulatedEvent], at: datetime) -> SimulatedEvent:
    """A random first-level comment to reply to at `at`, by REPLY_WEIGHTS and rather a recent one."""
    first_level = [comment for comment in comments if comment.parent_id is None and has_words(comment)]
    candidates = [comment for comment in first_level if at - comment.at >= MIN_REPLY_DELAY] or list(comments)
    weights = [
        REPLY_WEIGHTS.get(comment_kind(comment), 1.0) * exp((comment.at - at) / REPLY_DECAY)
        for comment in candidates
    ]
    return stream(world.seed, *key, "parent").choices(candidates, weights)[0]


def _reply(
    context: TextContext, key: Key, parent: SimulatedEvent, at: datetime, attempt: int
) -> SimulatedEvent:
    comment_id = numeric_id(context.world.seed, *key, attempt)
    author = reply_author(context, comment_id, parent, parent)
    text, memo = reply_text(context, comment_id, author, parent, parent)
    parent_id = displayed_parent_id(parent)
    return SimulatedEvent(
        COMMENT, parent.platform, comment_id, at, text, author, parent.content_id, parent_id, memo=memo
    )


def _messages(
    context: TextContext, key: Key, plan: ScenarioPlan, start: datetime, product: ProductOrEvent | None
) -> list[SimulatedEvent]:
    """The messages, each of which begins a conversation. Questions are about the product of the new post."""
    world = context.world
    key = (*key, "message")
    platforms = [platform for platform in world.platforms if platform in MESSAGE_PLATFORMS]
    if not platforms:
        return []
    purposes = _shuffled(world, key, plan.purposes)
    found = []
    for number, at in enumerate(_times(world, key, start, plan.curve, plan.messages)):
        message_key = (*key, number)
        purpose = purposes[number]
        about = product if purpose == "question" else None
        script = _choose_script(context, message_key, purpose)
        found.append(opening_message(world, message_key, platforms, script, at, about))
    return found


def _choose_script(context: TextContext, key: Key, purpose: str) -> str:
    """One of the least used scripts whose first line names a product; for an order, which may be older, names none."""
    counts = context.line_uses.counts
    lines = first_lines(context.world, purpose)
    fitting = [name for name, line in lines.items() if ("{the}" in line) != (purpose == "order")]
    names = fitting or [*lines] or script_names(context.world, purpose)
    uses = {name: counts[name] + counts[f"{name}/0"] for name in names}
    min_uses = min(uses.values())
    least_used = [name for name in uses if uses[name] == min_uses]
    chosen = uniform_choice(least_used, uniform(context.world.seed, *key, "script"))
    counts[f"{chosen}/0"] += 1
    return chosen


def _brand_replies(
    context: TextContext, key: Key, plan: ScenarioPlan, comments: Sequence[SimulatedEvent]
) -> list[SimulatedEvent]:
    """The brand's replies to the plan's share of the first-level questions, as far as it has lines for them."""
    world = context.world
    brand = {spec.platform: spec for spec in profiles(context.world)}
    questions = [
        comment for comment in comments if comment.parent_id is None and comment_kind(comment) == "question"
    ]
    shuffled = stream(world.seed, *key, "answered").sample(questions, len(questions))
    replies = (
        _brand_reply(context, (*key, "answer"), question, brand[question.platform]) for question in shuffled
    )
    return list(islice((reply for reply in replies if reply), round(plan.brand_reply_share * len(questions))))


def _brand_reply(
    context: TextContext, key: Key, question: SimulatedEvent, profile: ProfileSpec
) -> SimulatedEvent | None:
    text = brand_reply_text(context, question)
    if text is None:
        return None
    key = (*key, question.platform_id)
    low, high = BRAND_REPLY_MINUTES
    minutes = low + (high - low) * uniform(context.world.seed, *key, "when")
    return SimulatedEvent(
        COMMENT,
        question.platform,
        numeric_id(context.world.seed, *key),
        question.at + timedelta(seconds=int(60 * minutes)),
        text,
        profile.author,
        question.content_id,
        question.platform_id,
    )


def _metrics_reports(
    world: World,
    key: Key,
    plan: ScenarioPlan,
    new_posts: Sequence[SimulatedEvent],
    comments: Sequence[SimulatedEvent],
) -> Iterator[SimulatedEvent]:
    """The reports on the new post, each with the comments up to its time."""
    for new_post in new_posts:
        for minute in plan.report_minutes:
            delay = 20 * uniform(world.seed, *key, "report", minute)
            at = new_post.at + timedelta(seconds=int(60 * minute + delay))
            count = sum(comment.at <= at for comment in comments)
            yield metrics_report(world, new_post, count, at, plan.reach)._replace(origin="")
