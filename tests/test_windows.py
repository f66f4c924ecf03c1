"""Windows after the initial batch, extra events, and continued conversations. No database, no clock."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from demo import simulator
from tests.stories import DAY, NOON, SECOND, SIX_HOURS, WINDOW, causes, counts, world


def test_a_steady_window_has_exactly_its_quota(story):
    assert counts(simulator.interactions_window(world(), 0, WINDOW, 10, 5, story)) == (0, 10, 5)


def test_events_are_within_the_window_and_after_their_posts_and_parents(story):
    events = simulator.interactions_window(world(), 0, WINDOW, 60, 20, story)
    by_id = {event.platform_id: event for event in story + events if event.type != simulator.METRICS}
    assert all(WINDOW <= event.at < WINDOW + SIX_HOURS for event in events)
    assert not [event for event in events for cause in causes(event, by_id) if cause.at >= event.at]


def test_the_order_of_the_past_changes_no_window(story):
    shuffled = random.Random(1).sample(story, len(story))
    expected = simulator.interactions_window(world(), 3, WINDOW, 20, 10, story)
    assert simulator.interactions_window(world(), 3, WINDOW, 20, 10, shuffled) == expected


def test_events_older_than_the_look_back_change_nothing(story):
    interactions, posts = WINDOW - simulator.INTERACTIONS_LOOK_BACK, WINDOW - simulator.POSTS_LOOK_BACK
    needed = [
        event
        for event in story
        if event.at >= (posts if event.content_id is None and event.url else interactions)
    ]
    ancient = [
        event._replace(at=event.at - timedelta(days=60), platform_id=f"old{event.platform_id}")
        for event in story
    ]
    expected = simulator.interactions_window(world(), 3, WINDOW, 20, 10, needed)
    assert len(needed) < len(story)
    assert simulator.interactions_window(world(), 3, WINDOW, 20, 10, story + ancient) == expected


def test_without_any_post_there_are_no_comments():
    assert counts(simulator.interactions_window(world(), 0, WINDOW, 10, 5, [])) == (0, 0, 5)


def test_a_later_window_continues_a_conversation_at_its_next_line(story):
    """Each of twelve windows may end within a conversation, when its quota is reached."""
    events, windows_of = list(story), {}
    for ordinal in range(12):
        drawn = simulator.interactions_window(world(), ordinal, NOON + ordinal * SIX_HOURS, 0, 7, events)
        events += drawn
        for event in drawn:
            windows_of.setdefault(event.conversation_id, {})[ordinal] = True
    lines = {}
    for event in sorted(events, key=lambda event: event.at):
        if event.conversation_id:
            lines.setdefault(event.conversation_id, []).append(int(event.memo.split("/")[2]))
    assert [id for id, windows in windows_of.items() if len(windows) > 1]
    assert all(indexes == list(range(len(indexes))) for indexes in lines.values())


@pytest.mark.long
def test_no_two_events_share_an_id_over_two_hundred_windows_and_extras(story):
    events, w = list(story), world()
    for ordinal in range(200):
        start = WINDOW + ordinal * SIX_HOURS
        events += simulator.content_window(w, ordinal, start, 2)
        events += simulator.extra_content(w, ordinal, start + SIX_HOURS, 2)
        recent = [event for event in events if event.at >= start - timedelta(days=3)]
        events += simulator.interactions_window(w, ordinal, start, 10, 5, recent)
        events += simulator.extra_interactions(w, ordinal, start, 10, 5, recent)
    events = [event for event in events if event.type != simulator.METRICS]
    ids = {(event.platform, event.platform_id) for event in events}
    assert counts(events) == (35 + 800, 920 + 4000, 100 + 2000)
    assert len(ids) == len(events)


@pytest.mark.parametrize(
    ("hour", "zone", "start", "due"),
    [
        (None, "Europe/Berlin", "2026-03-28T10", "2026-03-28T10"),
        (10, "UTC", "2026-03-28T10", "2026-03-28T10"),
        (9, "UTC", "2026-03-28T10", "2026-03-29T09"),
        (18, "America/New_York", "2026-01-10T10", "2026-01-10T23"),
        (2, "Europe/Berlin", "2026-03-28T10", "2026-03-29T01"),  # skipped: 03:00 local
        (2, "Europe/Berlin", "2026-10-24T10", "2026-10-25T00"),  # shown twice: the first
    ],
)
def test_the_first_post_is_due_at_the_posting_hour(hour, zone, start, due):
    w = world(time_zone=zone, posting_hour=hour)
    events = simulator.content_window(w, 0, datetime.fromisoformat(f"{start}:00+00:00"), 3)
    assert events[0].at == datetime.fromisoformat(f"{due}:00+00:00")


@pytest.mark.parametrize("count", [0, 1, 2, 20])
def test_a_content_window_has_exactly_its_number_of_posts(count):
    start = datetime(2026, 3, 28, 10, tzinfo=UTC)
    events = simulator.content_window(world(posting_hour=9), 4, start, count)
    assert counts(events) == (count, 0, 0)
    assert all(start <= event.at < start + DAY for event in events)


def test_extra_posts_are_within_the_last_minutes():
    events = simulator.extra_content(world(), 0, NOON, 3)
    assert len(events) == 3
    assert all(NOON - timedelta(minutes=10) <= event.at <= NOON for event in events)


def test_the_same_person_has_the_same_name_in_every_window(story):
    later = simulator.interactions_window(world(), 0, WINDOW, 200, 50, story)
    names = {}
    for event in story + later:
        if event.author:
            names.setdefault(event.author.id, set()).add(event.author)
    assert all(len(authors) == 1 for authors in names.values())


def test_extra_messages_and_a_window_that_continue_one_conversation_have_different_ids(story):
    """After eight windows of nine messages each some conversation is unfinished."""
    past = list(story)
    for ordinal in range(8):
        past += simulator.interactions_window(world(), ordinal, NOON + ordinal * SIX_HOURS, 0, 9, past)
    start = NOON + 8 * SIX_HOURS
    window = simulator.interactions_window(world(), 8, start, 0, 60, past)
    extra = simulator.extra_interactions(world(), 0, start + timedelta(hours=1), 0, 60, past)
    lines = [{(event.conversation_id, event.text) for event in events} for events in (window, extra)]
    assert lines[0] & lines[1]
    assert not {event.platform_id for event in window} & {event.platform_id for event in extra}


@pytest.mark.parametrize("seed", range(20))
def test_a_reply_is_later_than_its_parent_even_in_the_windows_last_seconds(seed):
    w = world(seed, ("instagram",))
    posts = simulator.extra_content(w, 0, NOON - 2 * SECOND, 1)
    events = simulator.extra_interactions(w, 1, NOON, 10, 0, posts)
    at = {event.platform_id: event.at for event in [*posts, *events]}
    assert len(events) == 10
    assert all(event.at > at[event.parent_id or event.content_id] for event in events)
