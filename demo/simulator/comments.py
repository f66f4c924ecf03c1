"""Draws the comments of a window: on which post, when, by whom, and in reply to which comment. Called by windows.py.

A first-level comment falls on a post with a probability proportional to the post's popularity times the share of its
comments that arrive within the window. A reply falls on an earlier comment in proportion to the share of that comment's
replies that arrive within the window. The initial batch is one long window.
"""

from collections.abc import Sequence
from functools import partial
from math import exp
from typing import NamedTuple

from demo.simulator.audience_time import AudienceWindow
from demo.simulator.comment_authors import author_number, reply_author, tagged_friend
from demo.simulator.comment_texts import comment_intent, comment_text
from demo.simulator.keyed_random import Key, normal_quantile, numeric_id, stream, uniform
from demo.simulator.people import person
from demo.simulator.phrases import TextContext
from demo.simulator.platforms import PLATFORM_FIGURES, REPLY_SIGMA
from demo.simulator.posts import Spike, popularity
from demo.simulator.reply_targets import ReplyTargets, displayed_parent_id
from demo.simulator.reply_texts import reply_text
from demo.simulator.values import COMMENT, CONTENT, SPIKE_ORIGIN, SimulatedEvent, World

MAX_SPIKE_COMMENTS = 60  # per spike and window


class WeightedPost(NamedTuple):
    """A post in a window, with its weights in the draw of comments. Times are in audience hours."""

    post: SimulatedEvent
    published: float
    age_at_start: float  # of the window
    age_at_end: float
    weight: float  # of ordinary comments
    spike: Spike | None
    spike_weight: float


def weigh_posts(world: World, window: AudienceWindow, past: Sequence[SimulatedEvent]) -> list[WeightedPost]:
    """Every post in `past` that is published before the window's last second."""
    posts = (event for event in past if event.type == CONTENT)
    return [_weigh(world, window, post) for post in posts if post.at.timestamp() < window.end - 1]


def _weigh(world: World, window: AudienceWindow, post: SimulatedEvent) -> WeightedPost:
    figures = PLATFORM_FIGURES[post.platform]
    platform = post.platform
    published = window.hours_at(platform, post.at)
    start, end = window.start_hours[platform] - published, window.end_hours[platform] - published
    factor, spike = popularity(world, platform, post.platform_id)
    weight = factor * (figures.remaining_share(start) - figures.remaining_share(end))
    in_window = spike.cumulative_share(end) - spike.cumulative_share(start) if spike else 0.0
    spike_weight = factor * spike.factor * in_window if spike else 0.0
    return WeightedPost(post, published, start, end, weight, spike, spike_weight)


def comments(
    context: TextContext,
    key: Key,
    window: AudienceWindow,
    count: int,
    past: Sequence[SimulatedEvent],
    posts: Sequence[WeightedPost],
    *,
    with_spikes: bool,
) -> list[SimulatedEvent]:
    """`count` comments on the posts within the window, some of them replies; none when there is no post.

    With spikes, some of the count falls on viral posts at the spike's times; otherwise spikes are ignored.
    """
    if not posts or not count:
        return []
    weights = [weighted.weight + (weighted.spike_weight if with_spikes else 0.0) for weighted in posts]
    if sum(weights) <= 0:
        newest = max(posts, key=lambda weighted: (weighted.post.at, weighted.post.platform_id))
        weights = [float(weighted is newest) for weighted in posts]
    chosen = stream(context.world.seed, "which", *key).choices(posts, weights, k=count)
    return _comments_on(context, key, window, chosen, ReplyTargets(window, past), with_spikes)


def spike_comments(
    context: TextContext, key: Key, window: AudienceWindow, quota: int, posts: Sequence[WeightedPost]
) -> list[SimulatedEvent]:
    """The spikes' comments in addition to a window's quota of `quota` ordinary comments."""
    ordinary = sum(weighted.weight for weighted in posts)
    found = []
    for weighted in posts:
        if weighted.spike_weight > 0 and ordinary > 0:
            post_id = weighted.post.platform_id
            u = uniform(context.world.seed, "viral", post_id, *key)
            count = min(quota * weighted.spike_weight / ordinary + u, MAX_SPIKE_COMMENTS)
            for number in range(int(count)):
                comment_key = ("viral", *key, post_id, number)
                found.append(_first_level(context, comment_key, window, weighted, SPIKE_ORIGIN))
    return found


def _comments_on(
    context: TextContext,
    key: Key,
    window: AudienceWindow,
    posts: Sequence[WeightedPost],
    targets: ReplyTargets,
    with_spikes: bool,
) -> list[SimulatedEvent]:
    """One comment per item of `posts`: first-level ones first, then replies, which may also be replied to."""
    rng = stream(context.world.seed, "reply", *key)
    is_reply = [rng.random() < PLATFORM_FIGURES[weighted.post.platform].reply_share for weighted in posts]
    found = []
    for number, weighted in enumerate(posts):
        if not is_reply[number]:
            found.append(_first_level(context, (*key, number), window, weighted, "", with_spikes))
            targets.add(found[-1], found[-1])
    for number, weighted in enumerate(posts):
        if is_reply[number]:
            found.append(_reply(context, (*key, number), window, weighted, targets))
    return found


def _first_level(
    context: TextContext,
    key: Key,
    window: AudienceWindow,
    weighted: WeightedPost,
    origin: str,
    with_spike: bool = True,
) -> SimulatedEvent:
    world = context.world
    post = weighted.post
    comment_id = numeric_id(world.seed, "comment", *key)
    of_spike = with_spike and _is_of_spike(world, comment_id, weighted, origin)
    age = (_spike_age if of_spike else _ordinary_age)(world, comment_id, weighted)
    at = window.datetime_at(post.platform, weighted.published + age, post.at.timestamp())
    _, sentiment, kind = comment_intent(world.seed, post.platform, comment_id)
    number = author_number(world, post.platform, comment_id, sentiment, None)
    author = person(world.seed, context.words.locales, post.platform, number)
    friend = partial(tagged_friend, context, post.platform, comment_id)
    text, memo = comment_text(context, post, comment_id, (kind, sentiment), author, friend)
    return SimulatedEvent(
        COMMENT, post.platform, comment_id, at, text, author, post.platform_id, origin=origin, memo=memo
    )


def _is_of_spike(world: World, comment_id: str, weighted: WeightedPost, origin: str) -> bool:
    """Whether the comment gets one of the spike's times: always if it is in addition to the quota, else by the weights."""
    if weighted.spike is None:
        return False
    total = weighted.spike_weight + weighted.weight
    return origin == SPIKE_ORIGIN or uniform(world.seed, "viral", comment_id) * total < weighted.spike_weight


def _ordinary_age(world: World, comment_id: str, weighted: WeightedPost) -> float:
    """The post's age at a comment within the window, by the Weibull kernel; audience hours."""
    figures = PLATFORM_FIGURES[weighted.post.platform]
    high = figures.remaining_share(weighted.age_at_start)
    low = figures.remaining_share(weighted.age_at_end)
    return figures.age_at(high - (high - low) * uniform(world.seed, "when", comment_id))


def _spike_age(world: World, comment_id: str, weighted: WeightedPost) -> float:
    """The post's age at a comment within the window, by the spike's curve, by bisection; audience hours."""
    assert weighted.spike is not None
    share_at = weighted.spike.cumulative_share
    low, high = max(weighted.age_at_start, 0.0), max(weighted.age_at_end, 0.0)
    wanted = share_at(low) + (share_at(high) - share_at(low)) * uniform(world.seed, "when", comment_id)
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (middle, high) if share_at(middle) < wanted else (low, middle)
    return low


def _reply(
    context: TextContext, key: Key, window: AudienceWindow, weighted: WeightedPost, targets: ReplyTargets
) -> SimulatedEvent:
    """A reply to a comment of the post's platform; a first-level comment on the post when there is none."""
    world = context.world
    platform = weighted.post.platform
    comment_id = numeric_id(world.seed, "comment", *key)
    chosen = targets.choose(platform, uniform(world.seed, "parent", comment_id))
    if chosen is None:
        comment = _first_level(context, key, window, weighted, "", False)
        targets.add(comment, comment)
        return comment
    parent, root = chosen
    hours = _reply_hours(world, comment_id, parent, window, targets)
    at = window.datetime_at(platform, hours, parent.at.timestamp())
    author = reply_author(context, comment_id, parent, root)
    text, memo = reply_text(context, comment_id, author, parent, root)
    parent_id = displayed_parent_id(parent)
    reply = SimulatedEvent(
        COMMENT, platform, comment_id, at, text, author, parent.content_id, parent_id, memo=memo
    )
    targets.add(reply, root)
    return reply


def _reply_hours(
    world: World, comment_id: str, parent: SimulatedEvent, window: AudienceWindow, targets: ReplyTargets
) -> float:
    """When the reply is written: a log-normal delay after the parent that ends within the window; audience hours."""
    low, high = targets.replied_shares(parent)
    u = min(max(low + (high - low) * uniform(world.seed, "delay", comment_id), 1e-9), 1 - 1e-9)
    delay = PLATFORM_FIGURES[parent.platform].reply_delay * exp(REPLY_SIGMA * normal_quantile(u))
    return window.hours_at(parent.platform, parent.at) + delay
