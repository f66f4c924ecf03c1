"""Each of the fourteen checks passes on the reference model and fails when its one property is changed. No database."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest

from demo import simulator
from demo.realism import measures
from demo.realism.checks import CHECKS, max_rising_together, run_checks
from demo.realism.sample import generate_sample, samples
from demo.simulator import people
from demo.simulator.platforms import PLATFORM_FIGURES, ActivityCurve, Figure
from tests.stories import world

pytestmark = pytest.mark.sample(1)  # of the platforms
UNTIL = datetime(2026, 3, 20, 12, tzinfo=UTC)
SEED = 3
FLAT = ActivityCurve("A", (1.0,) * 24, (1.0,) * 7)


def draw(platform):
    """A generated sample, long enough for all checks."""
    return generate_sample(world(SEED, (platform,)), UNTIL)


@cache
def reference(platform):
    return draw(platform)


def check(sample, number):
    return CHECKS[number - 1](sample)


@pytest.fixture
def with_figures(monkeypatch):
    """A function that draws a sample with some figures changed; the sample has the true figures to be checked against."""

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


@pytest.mark.sample(2)
@pytest.mark.parametrize("platform", PLATFORM_FIGURES)
def test_the_reference_model_passes_every_check(platform):
    results = run_checks(reference(platform))
    assert [result.number for result in results] == list(range(1, 15))
    assert [(result.number, result.found) for result in results if not result.passed] == []


@pytest.mark.parametrize("platform", PLATFORM_FIGURES)
def test_exponential_decay_fails_the_kernel_and_the_shape(with_figures, platform):
    sample = with_figures(platform, weibull_shape=1.0)
    assert check(sample, 1).passed is False
    assert check(sample, 2).passed is False


@pytest.mark.parametrize("platform", PLATFORM_FIGURES)
def test_another_half_life_fails(with_figures, platform):
    assert (
        check(with_figures(platform, half_life=PLATFORM_FIGURES[platform].half_life * 1.6), 3).passed is False
    )


@pytest.mark.parametrize("platform", PLATFORM_FIGURES)
def test_equally_popular_posts_fail_gini_and_concentration(with_figures, platform):
    sample = with_figures(platform, comments_sigma=0.05, no_comments=0.0)
    assert check(sample, 4).passed is False
    assert check(sample, 5).passed is False


@pytest.mark.parametrize("platform", PLATFORM_FIGURES)
def test_constant_activity_fails_the_hours_of_the_day(with_figures, platform):
    assert check(with_figures(platform, activity=FLAT), 6).passed is False


@pytest.mark.parametrize("platform", PLATFORM_FIGURES)
def test_comments_at_uniform_times_fail_burstiness(with_figures, platform):
    sample = with_figures(platform, half_life=1e5, weibull_shape=1.0, reply_share=0.0, activity=FLAT)
    assert check(sample, 7).passed is False


@pytest.mark.parametrize("platform", PLATFORM_FIGURES)
def test_equally_spaced_comments_fail_the_variation_of_hourly_counts(with_figures, platform):
    sample = with_figures(
        platform, half_life=1e5, weibull_shape=1.0, reply_share=0.0, activity=FLAT, comments_sigma=0.05
    )
    even = tuple(
        event._replace(at=UNTIL - (UNTIL - sample.posts[0].at) * ((index + 0.5) / len(sample.comments)))
        for index, event in enumerate(sample.comments)
    )
    assert check(replace(sample, comments=even), 8).passed is False


@pytest.mark.parametrize("platform", PLATFORM_FIGURES)
def test_too_few_replies_fail(with_figures, platform):
    assert check(with_figures(platform, reply_share=0.05), 9).passed is False


@pytest.mark.parametrize("platform", PLATFORM_FIGURES)
def test_a_reply_before_its_parent_fails(platform):
    sample = reference(platform)
    reply = next(event for event in sample.comments if event.parent_id)
    early = reply._replace(at=sample.by_id[reply.parent_id].at)
    changed = tuple(early if event is reply else event for event in sample.comments)
    assert check(replace(sample, comments=changed), 9).passed is False


@pytest.mark.parametrize("platform", PLATFORM_FIGURES)
def test_texts_of_equal_length_fail(with_figures, platform):
    assert check(with_figures(platform, length_sigma=0.15), 10).passed is False


@pytest.mark.parametrize("platform", PLATFORM_FIGURES)
def test_texts_from_few_templates_fail(platform):
    sample = reference(platform)
    templates = [event.text for event in sample.comments[:40]]
    same = tuple(event._replace(text=templates[index % 40]) for index, event in enumerate(sample.comments))
    assert check(replace(sample, comments=same), 11).passed is False


@pytest.mark.parametrize("platform", PLATFORM_FIGURES)
def test_texts_without_any_repetition_fail(platform):
    """Fewer than one in a hundred comments repeat another."""
    sample = reference(platform)
    shuffled = tuple(
        event._replace(
            text=f"{event.text} {chr(97 + index % 26)}{chr(97 + index // 26 % 26)}{chr(97 + index // 676)}"
        )
        for index, event in enumerate(sample.comments)
    )
    assert check(replace(sample, comments=shuffled), 11).passed is False


@pytest.mark.sample(4)
@pytest.mark.parametrize("platform", PLATFORM_FIGURES)
@pytest.mark.parametrize(
    "wrong",
    [
        {"emoji_share": 0.9, "emoji_only_share": 0.3},
        {"intents": {"praise": 60, "question": 30, "opinion": 4, "joke": 2, "complaint": 2, "spam": 2}},
        {"intents": {"praise": 40, "question": 10, "opinion": 15, "joke": 10, "complaint": 5, "spam": 20}},
        {"intents": {"praise": 20, "question": 9, "opinion": 15, "joke": 10, "complaint": 44, "spam": 2}},
    ],
    ids=["emoji", "questions", "spam", "sentiment"],
)
def test_wrong_shares_of_texts_fail_their_check(with_figures, monkeypatch, platform, wrong):
    true = PLATFORM_FIGURES[platform]
    sample = with_figures(platform, **wrong)
    monkeypatch.setitem(PLATFORM_FIGURES, platform, replace(true, **wrong) if "intents" in wrong else true)
    assert check(sample, 12).passed is False


@pytest.mark.sample(2)
@pytest.mark.parametrize("platform", PLATFORM_FIGURES)
@pytest.mark.parametrize("audience", [60, 10**9], ids=["sixty people", "no person twice"])
def test_too_small_and_too_large_audiences_fail(monkeypatch, platform, audience):
    monkeypatch.setattr(people, "AUDIENCE_SIZE", audience)
    monkeypatch.setattr(people, "HEAVY_TAIL_SHARE", 0.0)
    assert check(draw(platform), 13).passed is False


@pytest.mark.parametrize("platform", PLATFORM_FIGURES)
def test_each_impossible_event_fails(platform):
    sample = reference(platform)
    comment, post = sample.first_level[0], sample.by_id[sample.first_level[0].content_id]
    metrics = sample.metrics[post.platform_id]
    without_likes = {id: metrics._replace(likes=0) for id, metrics in sample.metrics.items()}
    without_views = sample.metrics | {post.platform_id: metrics._replace(views=0)}
    wrong = {
        "comments before their posts": replace(sample, comments=(comment._replace(at=post.at),)),
        "events in the future": replace(
            sample, comments=(comment._replace(at=UNTIL + timedelta(seconds=1)),)
        ),
        "more comments than likes on over a tenth of the posts": replace(sample, metrics=without_likes),
        "more comments than views": replace(sample, metrics=without_views),
    }
    assert {name: check(changed, 14).found for name, changed in wrong.items()} == {
        name: name for name in wrong
    }


@pytest.mark.parametrize("platform", PLATFORM_FIGURES)
def test_old_posts_that_rise_together_fail(platform):
    sample = reference(platform)
    old = [post for post in sample.posts if UNTIL - post.at > timedelta(days=8)][:4]
    injected = tuple(
        sample.first_level[0]._replace(
            platform_id=f"{post.platform_id}{n}",
            content_id=post.platform_id,
            at=UNTIL - timedelta(hours=1, minutes=n),
        )
        for post in old
        for n in range(50)
    )
    assert max_rising_together(sample) < 4
    assert (
        "old posts rising together" in check(replace(sample, comments=sample.comments + injected), 14).found
    )


@pytest.mark.parametrize("platform", PLATFORM_FIGURES)
def test_a_short_story_gets_a_result_on_impossible_events_alone(platform):
    w = world(SEED, (platform,))
    events = simulator.initial_batch(w, simulator.Quota(content=3, comments=30), UNTIL)
    results = run_checks(samples(w, events, UNTIL)[0])
    assert [result.passed for result in results] == [None] * 13 + [True]


def test_thirty_days_in_natural_rhythm_pass_the_checks_of_times():
    """On one platform, with four times the usual posts and six times the usual comments, so that there is enough to check."""
    settings = {"time_zone": "Europe/Madrid", "rhythm": "natural", "viral_spikes": False}
    w = world(SEED, ("instagram",), brand="Juniper", **settings)
    start, events = datetime(2026, 3, 1, 10, tzinfo=UTC), []
    for ordinal in range(120):
        at = start + ordinal * timedelta(hours=6)
        if ordinal % 4 == 0:
            events += simulator.content_window(w, ordinal // 4, at, 8)
        recent = [
            event
            for event in events
            if event.type == "content.published" or at - event.at < simulator.INTERACTIONS_LOOK_BACK
        ]
        events += simulator.interactions_window(w, ordinal, at + timedelta(hours=2), 60, 0, recent)
    until = at + timedelta(hours=8)
    (sample,) = samples(w, events, until)
    assert {number: check(sample, number).passed for number in (1, 2, 3, 6, 7, 8)} == dict.fromkeys(
        (1, 2, 3, 6, 7, 8), True
    )


def test_the_distance_to_the_uniform_distribution_is_exact():
    assert measures.distance_to_uniform([0.25, 0.75]) == 0.25
    assert measures.distance_to_uniform([0.5] * 10) == 0.5


def test_gini_is_zero_for_equal_counts_and_almost_one_for_a_single_positive_one():
    assert measures.gini([3, 3, 3]) == pytest.approx(0)
    assert measures.gini([0] * 99 + [5]) == pytest.approx(0.99)


def test_regular_times_have_the_minimum_burstiness():
    assert measures.burstiness([0, 1, 2, 3, 4, 5]) == pytest.approx(-1)
