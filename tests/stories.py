"""Worlds and stories of a coffee roaster for tests without a database."""

from collections import Counter
from dataclasses import fields
from datetime import UTC, datetime, timedelta

import pytest

from demo import simulator
from demo.account_settings import SETTINGS
from demo.simulator.platforms import PLATFORM_FIGURES

NOON = datetime(2026, 3, 20, 12, tzinfo=UTC)
WINDOW = datetime(2026, 3, 21, tzinfo=UTC)
FULL = simulator.Quota(content=35, comments=920, messages=100)
SOCIAL = ("instagram", "youtube", "facebook")
ALL = tuple(PLATFORM_FIGURES)
SECOND, SIX_HOURS, DAY = timedelta(seconds=1), timedelta(hours=6), timedelta(days=1)


USUAL = {
    "brand": "Juniper Hill Roastery",
    "language": "en",
    **{
        field.name: SETTINGS[field.name].default
        for field in fields(simulator.World)
        if field.name in SETTINGS
    },
}


def world(seed=7, platforms=SOCIAL, niche="coffee", **settings):
    return simulator.World(seed, platforms, niche, **USUAL | settings)


@pytest.fixture(scope="module")
def story():
    """The full initial batch of seed 7."""
    return simulator.initial_batch(world(), FULL, NOON)


def counts(events):
    """The number of posts, comments and messages that count against the quotas."""
    kinds = Counter(event.type for event in events if not event.origin)
    return tuple(kinds[kind] for kind in ("content.published", "comment.created", "message.created"))


def causes(event, by_id):
    """The events that must precede `event`: the post and the parent of a comment."""
    return [by_id[id] for id in (event.content_id, event.parent_id) if id is not None]
