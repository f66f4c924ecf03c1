"""Scenarios: exact numbers, distribution over time, and texts. No database, no clock."""

import dataclasses
import random
import re
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from demo import simulator
from demo.simulator.handles import brand_handle
from demo.simulator.phrases import comment_kind, comment_sentiment
from demo.simulator.posts import subject
from demo.simulator.scripts import first_lines
from tests.stories import ALL, DAY, NOON, SECOND, SOCIAL, WINDOW, causes, world

VIRAL, WAVE, LAUNCH = "viral-spike", "complaint-wave", "product-launch"
INBOUND = {VIRAL: (1, 80, 0), WAVE: (0, 30, 8), LAUNCH: (1, 40, 6)}  # posts, comments, messages
MINUTE = timedelta(minutes=1)
BRAND_HANDLES = {brand_handle(platform, world().brand, world().niche) for platform in ALL}  # shorter on X

each_scenario = pytest.mark.parametrize("name", INBOUND)


@pytest.fixture(scope="module")
def plans(story):
    """The events of twenty ordinals of each scenario."""
    return {name: [draw(name, story, ordinal=ordinal) for ordinal in range(20)] for name in INBOUND}


def draw(name, past, now=NOON, ordinal=0, **settings):
    return simulator.scenario(world(**settings), name, ordinal, now, past)


def by_brand(events):
    """The brand's texts."""
    return [event for event in events if event.author and event.author.handle in BRAND_HANDLES]


def comments(events):
    """People's comments."""
    return [event for event in events if event.type == simulator.COMMENT and event not in by_brand(events)]


def messages(events):
    return [event for event in events if event.type == simulator.MESSAGE]


def posts(events):
    return [event for event in events if event.type == simulator.CONTENT]


def reports(events):
    return [event for event in events if event.type == simulator.METRICS]


def inbound(events):
    return len(posts(events)), len(comments(events)), len(messages(events))


def test_every_scenario_has_a_label_and_an_explanation_with_its_numbers():
    assert {name: scenario.label for name, scenario in simulator.SCENARIOS.items()} == {
        VIRAL: "Viral spike",
        WAVE: "Complaint wave",
        LAUNCH: "Product launch",
    }
    for name, (_, comment_count, message_count) in INBOUND.items():
        assert f"{comment_count} " in simulator.SCENARIOS[name].explanation
        assert not message_count or f"{message_count} " in simulator.SCENARIOS[name].explanation


@pytest.mark.parametrize(("name", "total"), [(VIRAL, 98), (WAVE, 38), (LAUNCH, 61)])
def test_a_plan_says_how_many_events_a_run_has(plans, name, total):
    assert simulator.SCENARIO_PLANS[name].event_count(with_messages=True) == total
    sizes = [len(events) for events in plans[name]]
    assert (max(sizes), min(sizes) >= total - 4) == (total, True)


def test_a_run_without_messages_has_fewer_events():
    past = simulator.initial_batch(world(platforms=("youtube",)), simulator.Quota(12, 60, 0), NOON)
    events = draw(WAVE, past, platforms=("youtube",))
    assert len(events) == simulator.SCENARIO_PLANS[WAVE].event_count(with_messages=False) == 30


@each_scenario
@pytest.mark.parametrize("platforms", [SOCIAL, ("instagram",), ("x", "linkedin"), ALL])
def test_a_scenario_has_exactly_its_numbers_of_events(name, platforms):
    past = simulator.initial_batch(world(platforms=platforms), simulator.Quota(12, 60, 10), NOON)
    assert inbound(draw(name, past, platforms=platforms)) == INBOUND[name]


@each_scenario
def test_a_scenario_has_no_messages_when_no_platform_has_them(name):
    past = simulator.initial_batch(world(platforms=("youtube",)), simulator.Quota(12, 60), NOON)
    assert inbound(draw(name, past, platforms=("youtube",))) == (*INBOUND[name][:2], 0)


@each_scenario
def test_events_are_within_three_hours_in_whole_seconds_and_sorted(name, story):
    events = draw(name, story, NOON.replace(microsecond=987_654))
    assert events == sorted(events, key=lambda event: (event.at, event.platform_id))
    assert all(NOON + 5 * SECOND <= event.at <= NOON + simulator.SCENARIO_DURATION for event in events)
    assert {event.at.microsecond for event in events} == {0}


@each_scenario
def test_the_first_event_is_due_within_twenty_seconds(name, plans):
    assert all(events[0].at <= NOON + 20 * SECOND for events in plans[name])


@each_scenario
def test_posts_and_parents_precede_their_comments_and_replies(name, story):
    events = draw(name, story)
    by_id = {event.platform_id: event for event in [*story, *events] if event.type != simulator.METRICS}
    assert not [event for event in events for cause in causes(event, by_id) if cause.at >= event.at]


@each_scenario
def test_a_scenario_is_the_same_by_night_and_by_day(name, story):
    night = timedelta(hours=15)
    later = [event._replace(at=event.at + night) for event in story]
    expected = [event._replace(at=event.at + night) for event in draw(name, story)]
    assert draw(name, later, NOON + night) == expected


@each_scenario
def test_the_order_of_the_past_changes_nothing(name, story):
    shuffled = random.Random(1).sample(story, len(story))
    assert draw(name, shuffled) == draw(name, story)


@each_scenario
def test_events_older_than_a_month_or_in_the_future_change_nothing(name, story):
    moved = [
        event._replace(at=event.at + by, platform_id=f"{by.days}-{event.platform_id}")
        for event in story
        for by in (timedelta(days=-31), timedelta(days=19))
    ]
    assert draw(name, story + moved) == draw(name, story)


@each_scenario
def test_another_ordinal_gives_other_events(name, story):
    plans = [draw(name, story, ordinal=ordinal) for ordinal in (0, 1)]
    ids = [{event.platform_id for event in plan} for plan in plans]
    written = [{event.text for event in comments(plan) if len(event.text) > 40} for plan in plans]
    assert not ids[0] & ids[1]
    assert len(written[0] & written[1]) < 0.2 * len(written[0])


def test_ids_are_unique_across_scenarios_windows_and_extra_events(story):
    w, ids = world(), Counter()
    for ordinal in range(6):
        planned = [
            simulator.content_window(w, ordinal, WINDOW, 2),
            simulator.extra_content(w, ordinal, NOON, 2),
        ]
        planned.append(simulator.interactions_window(w, ordinal, WINDOW, 30, 20, story))
        planned.append(simulator.extra_interactions(w, ordinal, NOON, 30, 20, story))
        planned += [draw(name, story, ordinal=ordinal) for name in INBOUND]
        ids.update(event.platform_id for events in planned for event in events if event.metrics is None)
    assert set(ids.values()) == {1}


def test_a_scenario_does_not_depend_on_the_hash_seed():
    code = (
        "from datetime import UTC, datetime; from demo import simulator as s; from tests.stories import world;"
        "w = world(7, ('instagram', 'x'), brand='B'); at = datetime(2026, 3, 20, 12, tzinfo=UTC);"
        "e = s.initial_batch(w, s.Quota(5, 60, 9), at); print([s.scenario(w, n, 0, at, e) for n in s.SCENARIOS])"
    )
    command = [sys.executable, "-c", code]
    root = Path(__file__).parent.parent
    plans = {
        subprocess.check_output(command, cwd=root, env={"PYTHONHASHSEED": seed}) for seed in ("0", "4242")
    }
    assert len(plans) == 1


@each_scenario
def test_every_origin_is_empty(name, story):
    assert {event.origin for event in draw(name, story)} == {""}


def test_an_unknown_scenario_raises_key_error():
    with pytest.raises(KeyError, match="quiet-sunday"):
        draw("quiet-sunday", [])


@pytest.mark.parametrize(("name", "replies"), [(VIRAL, 14), (WAVE, 6), (LAUNCH, 8)])
def test_about_one_in_five_comments_is_a_reply_within_the_scenario(name, replies, story):
    written = comments(draw(name, story))
    first_level = {event.platform_id for event in written if event.parent_id is None}
    answers = [event for event in written if event.parent_id]
    assert len(answers) == replies
    assert {event.parent_id for event in answers} <= first_level


@each_scenario
@pytest.mark.parametrize(("niche", "language"), [("coffee", "en"), ("software", "en"), ("fashion", "es")])
def test_no_sentence_occurs_twice(name, niche, language):
    w = world(7, ALL, niche, language=language)
    past = simulator.initial_batch(w, simulator.Quota(12, 60, 10), NOON)
    events = simulator.scenario(w, name, 1, NOON, past)
    sentences = Counter(
        bare
        for event in events
        for bare in {re.sub(r"\W", "", sentence) for sentence in re.split("[.!?]", event.text.lower())}
        if bare
    )
    lines_and_texts = Counter(event.memo for event in events if "/" in (event.memo or ""))
    lines_and_texts += Counter(event.text for event in events if event.text)
    assert [text for text, count in (sentences + lines_and_texts).items() if count > 1] == []


@each_scenario
def test_no_two_comments_are_in_the_same_second_and_replies_wait_twenty_seconds(name, plans):
    for events in plans[name]:
        at = {event.platform_id: event.at for event in comments(events)}
        delays = [event.at - at[event.parent_id] for event in comments(events) if event.parent_id]
        assert len(set(at.values())) == len(at)
        assert min(delays) >= 20 * SECOND


@each_scenario
def test_there_is_no_spam_and_only_praise_and_jokes_are_without_words(name, plans):
    written = [event for events in plans[name] for event in comments(events)]
    assert not [event for event in written if comment_kind(event) == "spam"]
    wordless = [event for event in written if not re.search(r"\w", event.text)]
    assert {comment_kind(event) for event in wordless} <= {"praise", "joke"}
    assert not {event.platform_id for event in wordless} & {event.parent_id for event in written}


@each_scenario
def test_kinds_of_comments_are_mixed(name, story):
    first = [comment_kind(event) for event in comments(draw(name, story)) if event.parent_id is None][:12]
    assert len(set(first)) >= 3


@each_scenario
def test_the_first_comment_uses_a_line_about_its_post(name, plans):
    assert all(comments(events)[0].memo.count("/") == 3 for events in plans[name])


@each_scenario
def test_every_author_writes_one_first_level_comment_at_most(name, story):
    people = Counter(event.author for event in comments(draw(name, story)) if event.parent_id is None)
    assert set(people.values()) == {1}


def test_most_of_a_viral_spike_is_within_forty_minutes_and_all_within_two_and_a_half_hours(story):
    times = [event.at - NOON for event in comments(draw(VIRAL, story))]
    within = {minutes: sum(at <= minutes * MINUTE for at in times) for minutes in (2, 10, 20, 40, 80, 152)}
    assert within == {2: 4, 10: 32, 20: 50, 40: 66, 80: 75, 152: 80}


def test_a_complaint_wave_rises_stays_and_falls_within_ninety_minutes(story):
    times = [event.at - NOON for event in comments(draw(WAVE, story))]
    within = {minutes: sum(at <= minutes * MINUTE for at in times) for minutes in (1, 4, 14, 24, 45, 91)}
    assert within == {1: 1, 4: 4, 14: 14, 24: 23, 45: 28, 91: 30}


def test_the_comments_of_a_launch_take_two_hours(story):
    times = [event.at - NOON for event in comments(draw(LAUNCH, story))]
    within = {minutes: sum(at <= minutes * MINUTE for at in times) for minutes in (5, 15, 30, 60, 121)}
    assert within == {5: 6, 15: 18, 30: 26, 60: 34, 121: 40}


@pytest.mark.parametrize("name", [VIRAL, LAUNCH])
def test_a_new_post_about_a_product_is_due_after_five_seconds(name, plans):
    out = [posts(events)[0] for events in plans[name]]
    assert {post.at for post in out} == {NOON + 5 * SECOND}
    assert {subject(world(), post.platform_id).topic.about for post in out} == {"product"}


@pytest.mark.parametrize("name", [VIRAL, LAUNCH])
def test_every_comment_and_report_is_about_the_new_post(name, story):
    events = draw(name, story)
    [post] = posts(events)
    assert {event.content_id for event in events if event.type == simulator.COMMENT} == {post.platform_id}
    assert {event.platform_id for event in reports(events)} == {post.platform_id}


@pytest.mark.parametrize("name", [VIRAL, LAUNCH])
def test_metrics_never_fall_and_count_the_comments_so_far(name, story):
    events = draw(name, story)
    reported = [event.metrics for event in reports(events)]
    counted = [
        sum(written.at <= event.at for written in comments(events))
        for event in events
        if event.metrics is not None
    ]
    assert all(figures == sorted(figures) for figures in map(list, zip(*reported, strict=True)))
    assert [metrics.comments for metrics in reported] == counted
    assert counted[-1] == INBOUND[name][1]


def test_the_views_of_a_viral_post_rise_steeply_and_are_reported_often_at_first(story):
    reported = reports(draw(VIRAL, story))
    times = [(event.at - NOON) // MINUTE for event in reported]
    views = [event.metrics.views for event in reported]
    assert times == [1, 2, 4, 6, 8, 11, 14, 18, 22, 27, 33, 40, 50, 65, 85, 110, 151]
    assert views[times.index(22)] > 10 * views[times.index(2)]
    assert views[times.index(40)] > 0.8 * views[-1]


def test_a_viral_post_has_eight_times_the_usual_metrics_per_comment(story, monkeypatch):
    before = reports(draw(VIRAL, story))[-1].metrics
    usual = simulator.scenario_plans.SCENARIO_PLANS[VIRAL]
    monkeypatch.setitem(simulator.scenario_plans.SCENARIO_PLANS, VIRAL, dataclasses.replace(usual, reach=1.0))
    after = reports(draw(VIRAL, story))[-1].metrics
    assert before.comments == after.comments
    assert [round(before[part] / after[part]) for part in range(3)] == [8, 8, 8]


@pytest.mark.parametrize("platforms", [SOCIAL, ALL])
@pytest.mark.parametrize("seed", range(5))
def test_about_seven_in_ten_comments_of_a_complaint_wave_are_negative(seed, platforms):
    past = simulator.initial_batch(world(seed, platforms), simulator.Quota(12, 60, 10), NOON)
    written = comments(draw(WAVE, past, seed=seed, platforms=platforms))
    kinds = Counter(comment_kind(event) for event in written if event.parent_id is None)
    assert kinds == {"complaint": 11, "critical": 6, "question": 4, "favourable": 3}
    assert 18 <= sum(comment_sentiment(event) == "negative" for event in written) <= 23


def test_complaint_waves_are_on_the_three_latest_posts_most_on_the_newest(story, plans):
    on = Counter(event.content_id for events in plans[WAVE] for event in comments(events))
    newest_first = [event.platform_id for event in reversed(posts(story))]
    assert [id for id, _ in on.most_common()] == newest_first[:3]


@pytest.mark.parametrize("count", [1, 2])
def test_with_one_or_two_posts_a_complaint_wave_is_on_those(count, story):
    past = posts(story)[-count:]
    written = comments(draw(WAVE, past))
    assert len(written) == 30
    assert {event.content_id for event in written} == {post.platform_id for post in past}


def test_without_a_post_of_the_last_month_a_complaint_wave_has_messages_alone(story):
    old = [event._replace(at=event.at - 31 * DAY) for event in story]
    assert inbound(draw(WAVE, old)) == inbound(draw(WAVE, [])) == (0, 0, 8)


def test_without_posts_and_messages_a_complaint_wave_is_empty():
    assert draw(WAVE, [], platforms=("youtube",)) == []


def test_a_complaint_wave_has_no_brand_replies_and_no_reports(story):
    events = draw(WAVE, story)
    assert by_brand(events) == reports(events) == []


def test_messages_and_comments_of_a_complaint_wave_use_different_lines(plans):
    for events in plans[WAVE]:
        lines = [event.memo.rpartition("/")[0] for event in messages(events)]
        assert {line.partition("/")[0] for line in lines} == {"complaint"}
        assert not set(lines) & {event.memo for event in comments(events)}
        assert len({event.conversation_id for event in messages(events)}) == 8


def test_a_complaint_by_message_is_not_continued_in_later_windows(story):
    events = draw(WAVE, story)
    later = simulator.extra_interactions(world(), 0, NOON + 3 * 60 * MINUTE, 0, 40, story + events)
    begun = {event.conversation_id for event in messages(events)}
    assert len(later) == 40
    assert not begun & {event.conversation_id for event in later}


def test_a_complaint_by_message_names_a_product_and_may_have_emoji(plans):
    texts = [event.text for events in plans[WAVE] for event in messages(events)]
    assert all("{the}" in line for line in first_lines(world(), "complaint").values())
    assert len([text for text in texts if re.search("[😀-🫿]", text)]) > 10


@pytest.mark.parametrize(
    ("niche", "language"),
    [(niche, language) for language in simulator.LANGUAGES for niche in simulator.niches(language)],
)
def test_a_launch_announces_a_product_and_the_questions_by_message_are_about_it(niche, language):
    w = world(3, SOCIAL, niche, language=language)
    events = simulator.scenario(w, LAUNCH, 0, NOON, [])
    reported = subject(w, posts(events)[0].platform_id)
    words = simulator.tables.niche(language, niche)
    first = next(topic.name for topic in words.topics.values() if topic.about == "product")
    asked = [event for event in messages(events) if "#" not in event.text]
    named = [
        event for event in asked if any(short.lower() in event.text.lower() for short in reported.item.short)
    ]
    assert reported.topic.name == ("launch" if "launch" in words.topics else first)
    assert len(named) >= 4


def test_the_messages_of_a_launch_are_questions_and_orders(story):
    events = draw(LAUNCH, story)
    scripts = [event.memo.rpartition("/")[0] for event in messages(events)]
    known = {purpose: first_lines(world(), purpose) for purpose in ("question", "order")}
    assert [sum(script in known[purpose] for script in scripts) for purpose in known] == [4, 2]
    assert ["{the}" in {**known["question"], **known["order"]}[script] for script in scripts].count(True) == 4


def test_after_the_first_line_of_a_scenarios_script_the_brand_writes_or_the_script_ends():
    for purpose in ("question", "order"):
        for script in first_lines(world(), purpose):
            table, number = script.split("/")
            of = {"own": simulator.tables.niche("en", "coffee"), "general": simulator.tables.language("en")}
            lines = of[table].scripts[int(number)].lines
            assert all(line.startswith("> ") for line in lines[1:2])


def test_the_brand_replies_to_a_third_of_the_questions_of_a_launch(story):
    events = draw(LAUNCH, story)
    asked = {
        event.platform_id: event
        for event in comments(events)
        if event.parent_id is None and comment_kind(event) == "question"
    }
    answered = [asked[event.parent_id] for event in by_brand(events) if event.type == simulator.COMMENT]
    assert (len(asked), len(answered), len(set(answered))) == (12, 4, 4)
    delays = [event.at - asked[event.parent_id].at for event in by_brand(events) if event.parent_id]
    assert MINUTE <= min(delays) <= max(delays) <= 7 * MINUTE
