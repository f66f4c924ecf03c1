"""Metrics, spikes and the brand's replies, which are in addition to the quotas; rhythm and names. No database, no clock."""

import itertools
from collections import Counter

import pytest

from demo import simulator
from demo.simulator import posts
from tests.stories import ALL, NOON, SIX_HOURS, world


def continued(w, windows, story, quota=10):
    """The story continued by `windows` windows of interactions, and two posts with every fourth."""
    events = list(story)
    for ordinal in range(windows):
        start = NOON + ordinal * SIX_HOURS
        if ordinal % 4 == 0:
            events += simulator.content_window(w, ordinal // 4, start, 2, events)
        events += simulator.interactions_window(w, ordinal, start, quota, 0, events)
    return events


@pytest.fixture(scope="module")
def story():
    return simulator.initial_batch(world(), simulator.Quota(35, 920, 100), NOON)


@pytest.fixture(scope="module")
def month(story):
    return continued(world(), 80, story)


def reports(events):
    found = {}
    for event in sorted(events, key=lambda event: event.at):
        if event.type == simulator.METRICS:
            found.setdefault(event.platform_id, []).append(event)
    return found


def test_the_initial_batch_reports_each_post_once_with_its_comments(story):
    counted = Counter(
        event.content_id for event in story if event.type == simulator.COMMENT and not event.origin
    )
    reported = reports(story)
    assert len(reported) == 35
    for post_id, (report,) in reported.items():
        late = [e for e in story if e.content_id == post_id and not e.origin and e.at > report.at]
        assert report.metrics.comments == counted[post_id] - len(late)


def test_metrics_never_fall_and_views_exceed_comments(month):
    for found in reports(month).values():
        for before, after in itertools.pairwise(found):
            assert all(new >= old for old, new in zip(before.metrics, after.metrics, strict=True))
    latest = [found[-1].metrics for found in reports(month).values()]
    assert sum(metrics.comments > metrics.views for metrics in latest) == 0
    assert sum(metrics.comments > metrics.likes for metrics in latest) <= len(latest) / 10


def test_a_report_counts_every_comment_up_to_its_time(month):
    for post_id, found in reports(month).items():
        comment_times = [
            e.at
            for e in month
            if e.content_id == post_id and e.type == simulator.COMMENT and e.origin != "brand"
        ]
        expected = [sum(at <= report.at for at in comment_times) for report in found]
        assert [report.metrics.comments for report in found] == expected


def test_a_window_has_two_to_eight_reports_on_average(month):
    later = [event for event in month if event.type == simulator.METRICS and event.at >= NOON]
    assert 2 < len(later) / 80 < 8


@pytest.mark.parametrize("platform", ALL)
def test_about_one_post_in_fifty_goes_viral_unless_that_is_switched_off(platform):
    on, off = world(), world(viral_spikes=False)
    viral = [number for number in range(3_000) if posts.popularity(on, platform, str(number)).spike]
    assert len(viral) / 3_000 == pytest.approx(0.02, abs=0.008)
    assert not [number for number in viral if posts.popularity(off, platform, str(number)).spike]


def test_half_of_a_spike_arrives_in_twelve_hours_and_nine_tenths_in_forty():
    spike = posts.Spike(peak=48, factor=3)
    assert spike.cumulative_share(48 + 4.9) - spike.cumulative_share(48 - 7.6) == pytest.approx(0.5, abs=0.03)
    assert spike.cumulative_share(48 + 17.6) - spike.cumulative_share(48 - 21.7) == pytest.approx(
        0.9, abs=0.03
    )
    assert (spike.cumulative_share(0), spike.cumulative_share(-1)) == (0, 0)


@pytest.fixture
def frequent_spikes(monkeypatch):
    monkeypatch.setattr(posts, "SPIKE_SHARE", 0.2)


def test_the_comments_of_a_spike_are_in_addition_to_the_quota_and_have_its_origin(frequent_spikes, story):
    w = world()
    events = continued(w, 24, story)
    spikes = [event for event in events if event.origin == simulator.SPIKE_ORIGIN]
    viral = {
        e.platform_id
        for e in events
        if e.type == simulator.CONTENT and posts.popularity(w, e.platform, e.platform_id).spike
    }
    assert spikes
    assert {event.content_id for event in spikes} <= viral
    assert (
        sum(event.type == simulator.COMMENT and not event.origin and event.at >= NOON for event in events)
        == 240
    )


def test_in_the_initial_batch_a_spike_leaves_the_quota_unchanged(frequent_spikes):
    events = simulator.initial_batch(world(), simulator.Quota(35, 920, 100), NOON)
    assert sum(event.type == simulator.COMMENT and not event.origin for event in events) == 920
    assert not [event for event in events if event.origin == simulator.SPIKE_ORIGIN]


def test_no_event_has_the_origin_spike_when_spikes_are_off(story):
    assert not [
        event
        for event in continued(world(viral_spikes=False), 40, story)
        if event.origin == simulator.SPIKE_ORIGIN
    ]


def test_the_brand_replies_to_questions_and_complaints_more_often_than_to_praise(story):
    asked, answered = Counter(), Counter()
    answers = {
        event.parent_id for event in story if event.origin == simulator.BRAND_ORIGIN and event.content_id
    }
    for event in story:
        if event.type == simulator.COMMENT and not event.origin and not event.parent_id:
            kind = event.memo.partition("/")[0]
            asked[kind] += 1
            answered[kind] += event.platform_id in answers
    rates = {kind: answered[kind] / asked[kind] for kind in asked}
    assert min(rates["question"], rates["complaint"]) > 0.3
    assert max(rates["praise"], rates["joke"]) < 0.3
    assert rates["spam"] == 0


def test_the_brand_replies_as_its_profile_and_after_the_parent(story):
    own = {
        spec.platform: (spec.platform_id, spec.handle, spec.display_name)
        for spec in simulator.profiles(world())
    }
    by_id = {event.platform_id: event for event in story if event.type != simulator.METRICS}
    by_brand = [event for event in story if event.origin == simulator.BRAND_ORIGIN]
    assert len(by_brand) > 80
    assert all(event.author == own[event.platform] for event in by_brand)
    assert all(event.at > by_id[event.parent_id].at for event in by_brand if event.parent_id)
    assert not [
        event for event in story if event.author in own.values() and event.origin != simulator.BRAND_ORIGIN
    ]


def test_the_natural_rhythm_has_the_days_quota_of_messages_and_few_at_night(story):
    w = world(rhythm="natural", time_zone="Europe/Madrid")
    by_window = [
        simulator.interactions_window(w, ordinal, NOON.replace(hour=0) + ordinal * SIX_HOURS, 10, 20, story)
        for ordinal in range(8)
    ]
    messages = [sum(e.type == simulator.MESSAGE and not e.origin for e in events) for events in by_window]
    assert (sum(messages[:4]), sum(messages[4:])) == (80, 80)
    assert messages[0] < 0.5 * messages[2]


@pytest.mark.long
@pytest.mark.parametrize("platforms", [("youtube",), ("instagram", "youtube", "facebook")])
def test_the_natural_rhythm_meets_the_quota_of_comments_on_average_over_the_weeks(platforms):
    """The average of eight demos of 40 days each; a single demo may deviate by a third."""
    share = [
        comments_per_quota(world(seed, platforms, rhythm="natural", viral_spikes=False)) for seed in range(8)
    ]
    assert sum(share) / len(share) == pytest.approx(1, abs=0.1)


def comments_per_quota(w) -> float:
    """The number of ordinary comments in 160 windows, relative to their quotas."""
    events = continued(w, 160, simulator.initial_batch(w, simulator.Quota(35, 920, 0), NOON))
    later = sum(event.type == simulator.COMMENT and not event.origin and event.at >= NOON for event in events)
    return later / 1_600


def test_texts_name_the_users_products_instead_of_the_niches():
    w = world(products=("Alpine Bar", "Granite Roll"))
    texts = [event.text for event in simulator.initial_batch(w, simulator.Quota(35, 920, 100), NOON)]
    named = sum("alpine bar" in text.lower() or "granite roll" in text.lower() for text in texts)
    assert named > 200
    assert not [text for text in texts if "Huila" in text]


def test_texts_name_the_users_brand():
    w = world(7, ("instagram",), brand="Zweiundvierzig")
    texts = [event.text.lower() for event in simulator.initial_batch(w, simulator.Quota(35, 920, 100), NOON)]
    assert sum("zweiundvierzig" in text for text in texts) > 10


@pytest.mark.parametrize("niche", simulator.niches("es"))
def test_a_spanish_story_has_no_english_words(niche):
    w = world(7, ALL, niche, brand=simulator.default_brand(7, niche, "es"), language="es")
    texts = (
        " ".join(e.text for e in simulator.initial_batch(w, simulator.Quota(35, 920, 100), NOON))
        .lower()
        .split()
    )
    assert not {"the", "this", "you", "with", "for"} & set(texts)
    assert texts.count("que") > 300
    assert not {"paral", "desdel", "hastal"} & set(texts)
