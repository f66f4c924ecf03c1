"""The brand's own comments: what it answers below its pieces."""

from collections.abc import Iterable
from datetime import datetime
from math import exp

from demo.simulator import replies
from demo.simulator.audience_time import Window
from demo.simulator.keyed_random import normal, numeric_id, uniform
from demo.simulator.phrases import Scene, kind_of
from demo.simulator.values import BRAND, COMMENT, Event, ProfileSpec, World

DELAY_HOURS, DELAY_SIGMA = 0.8, 1.1  # median, and sd of its ln [A]
ANSWERED = {  # share of first-level comments that the brand answers, where the window leaves time [A]
    "question": 0.6,
    "complaint": 0.75,
    "critical": 0.3,
    "praise": 0.14,
    "favourable": 0.06,
    "joke": 0.06,
    "spam": 0.0,
}


def answers(
    scene: Scene, window: Window, talk: Iterable[Event], brand: dict[str, ProfileSpec]
) -> list[Event]:
    """The brand's answers to some of the first-level comments of a window, where the window leaves time for them."""
    found = (
        _answer(scene, window, event, brand[event.platform])
        for event in talk
        if event.type == COMMENT and event.parent_id is None
    )
    return [event for event in found if event is not None]


def _answer(scene: Scene, window: Window, parent: Event, profile: ProfileSpec) -> Event | None:
    world = scene.world
    if uniform(world.seed, "answered", parent.platform_id) >= ANSWERED[kind_of(parent)]:
        return None
    at = _time(world, window, parent)
    if at is None:
        return None
    text = replies.brand_answer(scene, parent)
    if text is None:
        return None
    answer_id = numeric_id(world.seed, "answer", parent.platform_id)
    return Event(
        COMMENT,
        parent.platform,
        answer_id,
        at,
        text,
        profile.author,
        parent.content_id,
        parent.platform_id,
        origin=BRAND,
    )


def _time(world: World, window: Window, parent: Event) -> datetime | None:
    """When it is answered, in the audience's hours; None when the window has closed by then."""
    lot = uniform(world.seed, "answer delay", parent.platform_id)
    hours = DELAY_HOURS * exp(DELAY_SIGMA * normal(lot))
    due = window.times[parent.platform].at(parent.at.timestamp()) + hours
    after = parent.at.timestamp()
    if due >= window.close[parent.platform] or after >= window.end - 2:
        return None
    return window.moment(parent.platform, due, after)
