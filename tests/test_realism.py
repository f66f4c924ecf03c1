"""The fourteen checks: each passes on the reference model, and rejects a generator with that one property broken."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest

from demo import simulator
from demo.realism import measures
from demo.realism.checks import CHECKS, judge, most_rising_together
from demo.realism.sample import long_enough, samples
from demo.simulator import people
from demo.simulator.platforms import PLATFORM_FIGURES, Figure, Hours

UNTIL = datetime(2026, 3, 20, 12, tzinfo=UTC)
SEED = 3
FLAT = Hours("A", (1.0,) * 24, (1.0,) * 7)


def draw(platform):
    """An account that is long enough to be judged, held to the figures that it is drawn by."""
    world = simulator.World(SEED, (platform,), "coffee", "Juniper Hill Roastery", "en")
    return long_enough(world, UNTIL)


@cache
def reference(platform):
    return draw(platform)


def verdict(sample, number):
    return CHECKS[number - 1](sample)


@pytest.fixture
def broken(monkeypatch):
    """Draws a platform's account with some of its figures changed, and holds it to the true ones."""

    def drawn(platform, **figures):
        true = PLATFORM_FIGURES[platform]
        as_figures = {
            name: Figure(value, "A") if isinstance(value, float) else value for name, value in figures.items()
        }
        monkeypatch.setitem(PLATFORM_FIGURES, platform, replace(true, **as_figures))
        sample = draw(platform)
        monkeypatch.setitem(PLATFORM_FIGURES, platform, true)
        return replace(sample, figures=true)

    return drawn


@pytest.mark.parametrize("platform", PLATFORM_FIGURES)
def test_the_reference_model_passes_every_check(platform):
    judged = judge(reference(platform))
    assert [one.number for one in judged] == list(range(1, 15))
    assert [(one.number, one.found) for one in judged if not one.passed] == []


@pytest.mark.parametrize("platform", PLATFORM_FIGURES)
def test_exponential_decay_is_found_by_its_kernel_and_its_shape(broken, platform):
    sample = broken(platform, shape=1.0)
    assert verdict(sample, 1).passed is False
    assert verdict(sample, 2).passed is False


@pytest.mark.parametrize("platform", PLATFORM_FIGURES)
def test_another_half_life_is_found(broken, platform):
    assert verdict(broken(platform, half_life=PLATFORM_FIGURES[platform].half_life * 1.6), 3).passed is False


@pytest.mark.parametrize("platform", PLATFORM_FIGURES)
def test_equal_pieces_are_found_by_gini_and_concentration(broken, platform):
    sample = broken(platform, spread=0.05, silent=0.0)
    assert verdict(sample, 4).passed is False
    assert verdict(sample, 5).passed is False


@pytest.mark.parametrize("platform", PLATFORM_FIGURES)
def test_a_world_without_night_is_found(broken, platform):
    assert verdict(broken(platform, hours=FLAT), 6).passed is False


@pytest.mark.parametrize("platform", PLATFORM_FIGURES)
def test_comments_at_uniform_times_are_found_by_their_burstiness(broken, platform):
    sample = broken(platform, half_life=1e5, shape=1.0, replies=0.0, hours=FLAT)
    assert verdict(sample, 7).passed is False


@pytest.mark.parametrize("platform", PLATFORM_FIGURES)
def test_hours_that_vary_no_more_than_chance_are_found(broken, platform):
    sample = broken(platform, half_life=1e5, shape=1.0, replies=0.0, hours=FLAT, spread=0.05)
    even = tuple(
        event._replace(at=UNTIL - (UNTIL - sample.pieces[0].at) * ((place + 0.5) / len(sample.comments)))
        for place, event in enumerate(sample.comments)
    )
    assert verdict(replace(sample, comments=even), 8).passed is False


@pytest.mark.parametrize("platform", PLATFORM_FIGURES)
def test_too_few_replies_are_found(broken, platform):
    assert verdict(broken(platform, replies=0.05), 9).passed is False


@pytest.mark.parametrize("platform", PLATFORM_FIGURES)
def test_a_reply_before_its_parent_is_found(platform):
    sample = reference(platform)
    reply = next(event for event in sample.comments if event.parent_id)
    early = reply._replace(at=sample.by_id[reply.parent_id].at)
    changed = tuple(early if event is reply else event for event in sample.comments)
    assert verdict(replace(sample, comments=changed), 9).passed is False


@pytest.mark.parametrize("platform", PLATFORM_FIGURES)
def test_texts_of_one_length_are_found(broken, platform):
    assert verdict(broken(platform, length_sigma=0.15), 10).passed is False


@pytest.mark.parametrize("platform", PLATFORM_FIGURES)
def test_texts_of_templates_are_found(platform):
    sample = reference(platform)
    templates = [event.text for event in sample.comments[:40]]
    same = tuple(event._replace(text=templates[place % 40]) for place, event in enumerate(sample.comments))
    assert verdict(replace(sample, comments=same), 11).passed is False


@pytest.mark.parametrize("platform", PLATFORM_FIGURES)
def test_texts_of_shuffled_words_are_found(platform):
    """Nobody repeats anybody: not even one in a hundred."""
    sample = reference(platform)
    shuffled = tuple(
        event._replace(
            text=f"{event.text} {chr(97 + place % 26)}{chr(97 + place // 26 % 26)}{chr(97 + place // 676)}"
        )
        for place, event in enumerate(sample.comments)
    )
    assert verdict(replace(sample, comments=shuffled), 11).passed is False


@pytest.mark.parametrize("platform", PLATFORM_FIGURES)
@pytest.mark.parametrize(
    "wrong",
    [
        {"emoji": 0.9, "emoji_only": 0.3},
        {"mix": {"praise": 60, "question": 30, "opinion": 4, "joke": 2, "complaint": 2, "spam": 2}},
        {"mix": {"praise": 40, "question": 10, "opinion": 15, "joke": 10, "complaint": 5, "spam": 20}},
        {"mix": {"praise": 20, "question": 9, "opinion": 15, "joke": 10, "complaint": 44, "spam": 2}},
    ],
    ids=["emoji", "questions", "spam", "sentiment"],
)
def test_wrong_shares_are_found(broken, monkeypatch, platform, wrong):
    true = PLATFORM_FIGURES[platform]
    sample = broken(platform, **wrong)
    monkeypatch.setitem(PLATFORM_FIGURES, platform, replace(true, **wrong) if "mix" in wrong else true)
    assert verdict(sample, 12).passed is False


@pytest.mark.parametrize("platform", PLATFORM_FIGURES)
@pytest.mark.parametrize("audience", [60, 10**9], ids=["a handful of people", "nobody twice"])
def test_a_wrong_audience_is_found(monkeypatch, platform, audience):
    monkeypatch.setattr(people, "AUDIENCE", audience)
    monkeypatch.setattr(people, "REGULARS", 0.0)
    assert verdict(draw(platform), 13).passed is False


@pytest.mark.parametrize("platform", PLATFORM_FIGURES)
def test_what_never_happens_is_found(platform):
    sample = reference(platform)
    comment, piece = sample.direct[0], sample.by_id[sample.direct[0].content_id]
    figures = sample.metrics[piece.platform_id]
    unloved = {id: one._replace(likes=0) for id, one in sample.metrics.items()}
    unseen = sample.metrics | {piece.platform_id: figures._replace(views=0)}
    wrong = {
        "comments before their pieces": replace(sample, comments=(comment._replace(at=piece.at),)),
        "events in the future": replace(
            sample, comments=(comment._replace(at=UNTIL + timedelta(seconds=1)),)
        ),
        "more comments than likes on over a tenth of the pieces": replace(sample, metrics=unloved),
        "more comments than views": replace(sample, metrics=unseen),
    }
    assert {name: verdict(broken, 14).found for name, broken in wrong.items()} == {
        name: name for name in wrong
    }


@pytest.mark.parametrize("platform", PLATFORM_FIGURES)
def test_old_pieces_that_rise_together_are_found(platform):
    sample = reference(platform)
    old = [piece for piece in sample.pieces if UNTIL - piece.at > timedelta(days=8)][:4]
    injected = tuple(
        sample.direct[0]._replace(
            platform_id=f"{piece.platform_id}{n}",
            content_id=piece.platform_id,
            at=UNTIL - timedelta(hours=1, minutes=n),
        )
        for piece in old
        for n in range(50)
    )
    assert most_rising_together(sample) < 4
    assert (
        "old pieces rising together"
        in verdict(replace(sample, comments=sample.comments + injected), 14).found
    )


@pytest.mark.parametrize("platform", PLATFORM_FIGURES)
def test_a_short_story_is_not_judged_but_for_what_never_happens(platform):
    world = simulator.World(SEED, (platform,), "coffee", "Juniper Hill Roastery", "en")
    events = simulator.initial(world, simulator.Quota(content=3, comments=30), UNTIL)
    judged = judge(samples(world, events, UNTIL)[0])
    assert [one.passed for one in judged] == [None] * 13 + [True]


def test_the_natural_rhythm_of_thirty_days_keeps_kernel_and_hours():
    """Four pieces and six comments for each of the usual ones on one platform, so that there is enough to measure."""
    world = simulator.World(
        SEED, ("instagram",), "coffee", "Juniper", "en", "Europe/Madrid", rhythm="natural", viral_spikes=False
    )
    start, events = datetime(2026, 3, 1, 10, tzinfo=UTC), []
    for ordinal in range(120):
        at = start + ordinal * timedelta(hours=6)
        if ordinal % 4 == 0:
            events += simulator.content_window(world, ordinal // 4, at, 8)
        recent = [
            one for one in events if one.type == "content.published" or at - one.at < simulator.TALK_LOOK_BACK
        ]
        events += simulator.interactions_window(world, ordinal, at + timedelta(hours=2), 60, 0, recent)
    until = at + timedelta(hours=8)
    (sample,) = samples(world, events, until)
    assert {number: verdict(sample, number).passed for number in (1, 2, 3, 6, 7, 8)} == dict.fromkeys(
        (1, 2, 3, 6, 7, 8), True
    )


def test_half_a_sample_below_its_median_fits_the_uniform_law():
    assert measures.distance_to_uniform([0.25, 0.75]) == 0.25
    assert measures.distance_to_uniform([0.5] * 10) == 0.5


def test_gini_is_nothing_for_equals_and_nearly_one_for_one_of_many():
    assert measures.gini([3, 3, 3]) == pytest.approx(0)
    assert measures.gini([0] * 99 + [5]) == pytest.approx(0.99)


def test_regular_times_have_the_least_burstiness():
    assert measures.burstiness([0, 1, 2, 3, 4, 5]) == pytest.approx(-1)
