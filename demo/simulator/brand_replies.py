"""The brand's replies to comments on its posts. Called by windows.py."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from math import exp

from demo.simulator.audience_time import AudienceWindow
from demo.simulator.keyed_random import normal_quantile, numeric_id, uniform
from demo.simulator.phrases import TextContext, comment_kind
from demo.simulator.reply_texts import brand_reply_text
from demo.simulator.values import BRAND_ORIGIN, COMMENT, ProfileSpec, SimulatedEvent, World

DELAY_HOURS, DELAY_SIGMA = 0.8, 1.1  # median in audience hours, and sd of its ln [A]
REPLY_SHARES = {  # of first-level comments that the brand replies to, by kind, where the window leaves time [A]
    "question": 0.6,
    "complaint": 0.75,
    "critical": 0.3,
    "praise": 0.14,
    "favourable": 0.06,
    "joke": 0.06,
    "spam": 0.0,
}


def brand_replies(
    context: TextContext,
    window: AudienceWindow,
    comments: Iterable[SimulatedEvent],
    brand: Mapping[str, ProfileSpec],
) -> list[SimulatedEvent]:
    """The brand's replies to some of a window's first-level comments, within the window.

    `brand` has the brand's profile on each platform.
    """
    replies = (
        _brand_reply(context, window, comment, brand[comment.platform])
        for comment in comments
        if comment.type == COMMENT and comment.parent_id is None
    )
    return [reply for reply in replies if reply is not None]


def _brand_reply(
    context: TextContext, window: AudienceWindow, parent: SimulatedEvent, profile: ProfileSpec
) -> SimulatedEvent | None:
    world = context.world
    if uniform(world.seed, "answered", parent.platform_id) >= REPLY_SHARES[comment_kind(parent)]:
        return None
    at = _reply_time(world, window, parent)
    if at is None:
        return None
    text = brand_reply_text(context, parent)
    if text is None:
        return None
    return SimulatedEvent(
        COMMENT,
        parent.platform,
        numeric_id(world.seed, "answer", parent.platform_id),
        at,
        text,
        profile.author,
        parent.content_id,
        parent.platform_id,
        origin=BRAND_ORIGIN,
    )


def _reply_time(world: World, window: AudienceWindow, parent: SimulatedEvent) -> datetime | None:
    """A log-normal delay after the parent, in audience hours; None when that is after the window."""
    u = uniform(world.seed, "answer delay", parent.platform_id)
    due = window.hours_at(parent.platform, parent.at) + DELAY_HOURS * exp(DELAY_SIGMA * normal_quantile(u))
    after = parent.at.timestamp()
    if due >= window.end_hours[parent.platform] or after >= window.end - 2:
        return None
    return window.datetime_at(parent.platform, due, after)
