"""No window or scenario fails in extreme worlds, over many seeds. No database, no clock.

MANY_SEEDS=1 takes twenty times as many seeds.
"""

import dataclasses
import os
from datetime import timedelta
from itertools import pairwise

import pytest

from accounts.platforms import MESSAGE_PLATFORMS
from demo import simulator
from demo.simulator import people, tables
from demo.simulator.keyed_random import rejection_sample
from demo.simulator.people import person
from tests.stories import ALL, DAY, NOON, SIX_HOURS, WINDOW, counts, world

TIMES = 20 if os.environ.get("MANY_SEEDS") else 1
EVERY_NICHE = [(code, niche) for code in tables.LANGUAGES for niche in tables.niches(code)]
each_audience_size = pytest.mark.parametrize("number", [1, 2, 3])


@pytest.fixture
def audience_of(monkeypatch):
    """A function that sets the size of every platform's audience."""
    yield lambda number: monkeypatch.setattr(people, "AUDIENCE_SIZE", number)
    people.person.cache_clear()


def comments_by_one(w, number: int) -> list[simulator.SimulatedEvent]:
    """A post, and sixty recent comments on it by person `number`."""
    (post,) = simulator.extra_content(w, 0, WINDOW - timedelta(hours=2), 1)
    author = person(w.seed, tables.language(w.language).locales, post.platform, number)
    at = [WINDOW - timedelta(minutes=10, seconds=n) for n in range(60)]
    comment = simulator.SimulatedEvent(
        "comment.created", post.platform, "", NOON, "", author, post.platform_id
    )
    return [post, *(comment._replace(platform_id=f"{n}", at=at[n], memo="praise") for n in range(60))]


def test_a_reply_is_written_when_every_drawn_author_is_the_parents_author():
    """In window 1 of seed 504 all three draws of the fourth comment's author are person 12."""
    w = world(504, ("x",), viral_spikes=False)
    events = simulator.interactions_window(w, 1, WINDOW, 10, 0, comments_by_one(w, 12))
    assert counts(events) == (0, 10, 0)


@pytest.mark.sample(5)
@each_audience_size
@pytest.mark.parametrize("platform", ALL)
def test_windows_meet_their_quota_with_an_audience_of_one_to_three(audience_of, platform, number):
    audience_of(number)
    for seed in range(12 * TIMES):
        w = world(seed, (platform,))
        messages = 5 if platform in MESSAGE_PLATFORMS else 0
        past = simulator.initial_batch(w, simulator.Quota(3, 40, messages), NOON)
        events = simulator.interactions_window(w, seed, WINDOW, 10, messages, past)
        assert counts(events) == (0, 10, messages)


@pytest.mark.long
def test_windows_of_two_thousand_seeds_meet_their_quotas(audience_of):
    audience_of(3)
    for seed in range(2_000 * TIMES):
        w = world(seed, (ALL[seed % len(ALL)], "instagram"), EVERY_NICHE[seed % 8][1])
        past = simulator.content_window(w, 0, NOON - DAY, 1)
        past += simulator.interactions_window(w, 0, WINDOW - SIX_HOURS, 6, 1, past)
        assert counts(past) == (1, 6, 1)
        assert counts(simulator.interactions_window(w, 1, WINDOW, 6, 2, past)) == (0, 6, 2)


@pytest.mark.sample(5)
@pytest.mark.parametrize("rhythm", ["steady", "natural"])
@pytest.mark.parametrize("platform", ALL)
def test_maximum_and_minimum_quotas_are_met(platform, rhythm):
    w = world(9, (platform,), rhythm=rhythm)
    max_messages = 100 if platform in MESSAGE_PLATFORMS else 0
    past = simulator.content_window(w, 0, NOON, 20)
    assert counts(past) == (20, 0, 0)
    for ordinal in range(4):
        events = simulator.interactions_window(
            w, ordinal, NOON + ordinal * SIX_HOURS, 200, max_messages, past
        )
        assert rhythm == "natural" or counts(events) == (0, 200, max_messages)
        past += events
    assert simulator.content_window(w, 1, NOON + DAY, 0, past) == []
    nothing = simulator.interactions_window(w, 9, NOON + DAY, 0, 0, past)
    assert counts(nothing) == (0, 0, 0)
    assert counts(simulator.initial_batch(w, simulator.Quota(1, 1, min(max_messages, 1)), NOON)) == (
        1,
        1,
        min(max_messages, 1),
    )


@pytest.mark.sample(3)
@pytest.mark.parametrize(("code", "niche"), EVERY_NICHE)
@pytest.mark.parametrize("platform", ALL)
def test_every_niche_language_and_platform_has_windows_and_scenarios(code, niche, platform):
    for seed in range(1, 1 + TIMES):
        w = dataclasses.replace(world(seed, (platform,), niche), language=code)
        messages = 3 if platform in MESSAGE_PLATFORMS else 0
        past = simulator.initial_batch(w, simulator.Quota(4, 40, messages), NOON)
        past += simulator.content_window(w, 0, NOON, 2, past)
        for ordinal in range(4):
            start = NOON + ordinal * SIX_HOURS
            past += simulator.interactions_window(w, ordinal, start, 10, messages, past)
        assert counts(past) == (6, 80, 5 * messages)
        for name in simulator.SCENARIOS:
            assert simulator.scenario(w, name, 0, NOON + DAY, past)


@pytest.mark.sample(2)
@each_audience_size
@pytest.mark.parametrize("name", simulator.SCENARIOS)
def test_a_scenario_is_complete_with_one_to_three_people_and_products(audience_of, name, number):
    audience_of(number)
    for seed in range(3 * TIMES):
        w = world(seed, ("x",), products=("Alba",) * number)
        past = simulator.initial_batch(w, simulator.Quota(2, 10, 2), NOON)
        events = simulator.scenario(w, name, seed, NOON, past)
        assert len([event for event in events if event.type == simulator.COMMENT]) >= 30
        assert all(earlier.at <= later.at for earlier, later in pairwise(events))


@pytest.mark.parametrize("brand", ["Emma Smith", "A", "x" * 80, "👩‍🍳", "!!!", "{the} {0} %s", "\u3164", "."])
@pytest.mark.parametrize("platform", ["x", "facebook", "youtube"])
def test_windows_and_scenarios_accept_unusual_brands(platform, brand):
    w = dataclasses.replace(world(6, (platform,)), brand=brand, products=(brand[:60],))
    messages = 20 if platform in MESSAGE_PLATFORMS else 0
    past = simulator.initial_batch(w, simulator.Quota(6, 80, messages), NOON)
    assert counts(simulator.interactions_window(w, 0, WINDOW, 20, messages, past)) == (0, 20, messages)
    assert simulator.scenario(w, "product-launch", 0, WINDOW, past)


def test_a_brand_with_the_name_of_a_commenter_is_another_author():
    w = world(7, ("instagram",))
    author = person(7, tables.language("en").locales, "instagram", 0)
    w = dataclasses.replace(w, brand=author.name)
    past = comments_by_one(w, 0)
    assert counts(simulator.interactions_window(w, 0, WINDOW, 40, 5, past)) == (0, 40, 5)
    assert author not in [spec.author for spec in simulator.profiles(w)]


def test_rejection_sampling_returns_the_last_proposal_when_none_is_accepted():
    assert rejection_sample(lambda attempt: attempt, lambda proposal: proposal == 7) == 7
    assert rejection_sample(lambda attempt: attempt, lambda proposal: False, max_attempts=5) == 4
