"""Enabling, planning and delivery of a demo, with time as an argument."""

import logging
from collections import Counter
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Profile, User
from demo.engine.delivery import deliver_due
from demo.engine.planning import plan_due
from demo.lifecycle import pending_work, transitions
from demo.models import DemoAccount, State, StoryEvent
from demo.progress import progress_of
from interactions.models import Content, Interaction
from interactions.threads.hiding import set_hidden
from tests.timeline import ENABLED, FIRST_CONTENT, FIRST_INTERACTIONS, counts, run_until, visible_rows
from tests.world import DAY, HOUR, NOW, demo_of


def test_enabling_creates_exactly_the_initial_batch(alice):
    account = demo_of(alice, size="full")
    assert account.state == State.ACTIVE
    assert counts(alice) == (35, 920, 100)
    assert Counter(Profile.objects.filter(owner=alice).values_list("platform", flat=True)) == {
        "instagram": 1,
        "youtube": 1,
        "facebook": 1,
    }
    assert progress_of(account).text == "content 35/35, comments 920/920, messages 100/100"


def test_the_initial_batch_is_dated_in_the_last_18_days_and_causes_come_first(alice):
    demo_of(alice, size="full")
    rows = [*Content.objects.all(), *Interaction.objects.all()]
    assert all(ENABLED - 18 * DAY <= row.posted_at < ENABLED for row in rows)
    assert all(row.is_demo for row in rows)
    comments = Interaction.objects.filter(type="comment", direction="in").select_related("content", "parent")
    assert all(c.content and c.posted_at > c.content.posted_at for c in comments)
    assert all(c.posted_at > c.parent.posted_at for c in comments if c.parent)
    assert 150 < sum(c.parent is not None for c in comments) < 330


def test_enabling_twice_adds_nothing(alice):
    demo_of(alice)
    assert transitions.enable(alice, NOW + DAY, request_worker=False).started is False
    assert counts(alice) == (3, 30, 5)
    assert User.objects.get().demo_mode_enabled_at == ENABLED


def test_the_first_windows_start_six_and_24_hours_after_enabling(alice):
    account = demo_of(alice)
    assert (account.next_interactions_window, account.next_content_window) == (
        FIRST_INTERACTIONS,
        FIRST_CONTENT,
    )


@pytest.mark.parametrize(
    ("now", "windows"),
    [
        (FIRST_INTERACTIONS - timedelta(seconds=1), 0),
        (FIRST_INTERACTIONS, 1),
        (FIRST_CONTENT - timedelta(seconds=1), 3),
        (FIRST_CONTENT, 4),
    ],
)
def test_a_window_is_planned_from_its_start_on(alice, now, windows):
    demo_of(alice)
    assert plan_due(now).windows == windows
    assert plan_due(now).windows == 0


def test_a_window_brings_its_quota_and_logs_it(alice, caplog, django_capture_on_commit_callbacks):
    demo_of(alice)
    with (
        caplog.at_level(logging.INFO, "demo.engine.planning"),
        django_capture_on_commit_callbacks(execute=True),
    ):
        plan_due(FIRST_CONTENT)
    assert [r.message for r in caplog.records] == [
        *["Generated 10 comments and 5 DMs for user alice"] * 3,
        "Generated 2 new content pieces for user alice",
    ]
    deliver_due(FIRST_CONTENT + DAY)
    assert counts(alice) == (3 + 2, 30 + 30, 5 + 15)


def test_the_first_post_is_published_at_ten(alice):
    demo_of(alice)
    plan_due(FIRST_CONTENT)
    deliver_due(FIRST_CONTENT)
    assert Content.objects.filter(posted_at=FIRST_CONTENT).count() == 1


def test_nothing_is_delivered_before_it_is_due(alice):
    demo_of(alice)
    plan_due(FIRST_INTERACTIONS)
    deliver_due(FIRST_INTERACTIONS + HOUR)
    assert Interaction.objects.filter(posted_at__gt=FIRST_INTERACTIONS + HOUR).count() == 0
    assert StoryEvent.objects.undelivered().filter(due_at__lte=FIRST_INTERACTIONS + HOUR).count() == 0


@pytest.mark.long
def test_an_outage_changes_no_rows(alice, bob):
    demo_of(alice, seed=9, brand="Twin")
    demo_of(bob, seed=9, brand="Twin")
    end = ENABLED + 5 * DAY
    for now in (ENABLED + n * HOUR for n in range(121)):
        ids = [DemoAccount.objects.get(user=alice).pk]
        DemoAccount.objects.filter(user=bob).update(state="failed")
        plan_due(now)
        deliver_due(now, ids)
        DemoAccount.objects.filter(user=bob).update(state="active")
    plan_due(end)
    deliver_due(end)
    assert StoryEvent.objects.filter(account__user=alice, origin="window").count() == 4 * 2 + 19 * 15
    assert visible_rows(bob) == visible_rows(alice)


def test_deleted_and_hidden_rows_change_no_later_events(alice, bob):
    demo_of(alice, seed=9, brand="Twin")
    demo_of(bob, seed=9, brand="Twin")
    alices_rows = Interaction.objects.filter(profile__owner=alice)
    alices_rows.filter(type="message").delete()
    set_hidden(alices_rows.values_list("pk", flat=True), True, ENABLED)
    run_until(ENABLED + DAY, every=6 * HOUR)
    fields = ("type", "platform_id", "due_at", "payload")
    stories = [
        list(
            StoryEvent.objects.filter(account__user=user)
            .order_by("due_at", "platform_id", "type")
            .values_list(*fields)
        )
        for user in (alice, bob)
    ]
    assert stories[0] == stories[1]


def test_windows_older_than_the_retention_are_skipped_and_use_up_their_ordinals(alice):
    demo_of(alice)
    plan_due(ENABLED + 40 * DAY)
    account = DemoAccount.objects.get()
    assert StoryEvent.objects.filter(origin="window", due_at__lt=ENABLED + 10 * DAY).count() == 0
    assert account.interactions_ordinal == (account.next_interactions_window - FIRST_INTERACTIONS) / (
        6 * HOUR
    )


def test_enabling_without_message_platforms_creates_no_messages_and_gives_a_notice(page, alice):
    answer = page.post("/api/v1/demo/enable/", {"platforms": ["youtube"]}, content_type="application/json")
    assert answer.json()["notices"] == [
        "None of the chosen platforms has direct messages, so the demo has none."
    ]
    assert answer.json()["progress"]["messages"] == {"done": 0, "total": 0}
    pending_work.run_to_completion(DemoAccount.objects.get().pk, timezone.now())
    assert counts(alice) == (35, 920, 0)


def test_the_number_of_planning_queries_does_not_grow_with_accounts(alice, bob, django_assert_num_queries):
    demo_of(alice)
    with django_assert_num_queries(10):
        plan_due(FIRST_INTERACTIONS)
    demo_of(bob)
    with django_assert_num_queries(10):
        assert plan_due(FIRST_INTERACTIONS + 6 * HOUR).windows == 3
