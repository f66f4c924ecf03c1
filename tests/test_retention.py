"""Retention: old demo rows expire, can be restored for a week, and are then purged; nothing else is changed."""

import json
import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Event

import pytest
from django.core.management import CommandError
from django.db import connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Profile, User
from demo.engine import retention, story
from demo.engine.delivery import deliver_due
from demo.engine.planning import plan_due
from demo.engine.retries import retry_dead
from demo.lifecycle import advance, pending_work, transitions
from demo.models import DemoAccount, StoryEvent, webhook_event
from interactions import replies, row_batches
from interactions.ingest import IncomingEvent, ingest
from interactions.models import Content, DeadLetter, Interaction, PendingChange
from tests.admin_client import DEMOS, act
from tests.commands import run
from tests.lock_helpers import profiles_locked
from tests.service_stack import until
from tests.timeline import ENABLED, FIRST_INTERACTIONS, counts, live_rows, resume, run_until, visible_rows
from tests.world import DAY, HOUR, NOW, SECOND, demo_of, event, send

JSON = "application/json"
LATER = ENABLED + 60 * DAY  # when the whole initial batch is older than the retention


def test_cleanup_expires_only_old_demo_rows_and_keeps_posts_with_recent_comments(alice, live):
    demo_of(alice, size="small")
    before = live_rows()
    later = ENABLED + 22 * DAY
    plan_due(later)
    deliver_due(later)
    cutoff = later - 30 * DAY
    shown = Interaction.objects.visible_to(alice).filter(is_demo=True)
    recent = Content.objects.filter(is_demo=True, comments__posted_at__gte=cutoff).distinct()
    kept = set(recent.values_list("pk", flat=True))
    old_and_kept = recent.filter(posted_at__lt=cutoff).count()
    dry = retention.clean_up(later, dry_run=True)
    assert old_and_kept > 0
    assert shown.filter(posted_at__lt=cutoff).count() > 0
    cleaned = retention.clean_up(later)
    assert (cleaned.content, cleaned.comments, cleaned.messages) == (dry.content, dry.comments, dry.messages)
    assert kept <= set(Content.objects.visible_to(alice).values_list("pk", flat=True))
    replied = Interaction.objects.filter(replies__posted_at__gte=cutoff)
    assert not shown.filter(posted_at__lt=cutoff).exclude(pk__in=replied).exists()
    assert live_rows() == before
    assert retention.clean_up(later).content == 0


def test_after_a_long_pause_no_comment_is_on_an_expired_post(alice):
    demo_of(alice, size="small")
    plan_due(FIRST_INTERACTIONS)
    deliver_due(FIRST_INTERACTIONS + timedelta(minutes=1))
    transitions.pause(alice, FIRST_INTERACTIONS + timedelta(minutes=1))
    later = FIRST_INTERACTIONS + 40 * DAY
    dry = retention.clean_up(later, dry_run=True)
    assert retention.clean_up(later) == dry
    assert dry.story > 200
    resume(alice, later)
    run_until(later + 2 * DAY, later, every=DAY / 4)
    comments = Interaction.objects.visible_to(alice).filter(type="comment", posted_at__gt=later)
    assert comments.count() > 0
    assert not comments.exclude(content__deleted_at=None).exists()


def test_rows_referenced_by_undelivered_events_do_not_expire(alice):
    demo_of(alice)
    plan_due(FIRST_INTERACTIONS)
    coming = StoryEvent.objects.undelivered().filter(type="comment.created").first()
    old = Interaction.objects.filter(type="comment", parent=None, profile=coming.profile).earliest(
        "posted_at"
    )
    answered = {"content_id": old.content_ref, "parent_id": old.platform_id}
    StoryEvent.objects.filter(pk=coming.pk).update(payload=coming.payload | answered)
    transitions.pause(alice, FIRST_INTERACTIONS)
    retention.clean_up(FIRST_INTERACTIONS + 40 * DAY)
    shown = Interaction.objects.visible_to(alice).filter(type="comment")
    assert shown.filter(pk=old.pk, content__deleted_at=None).exists()
    assert shown.count() < 30


def test_a_row_that_is_answered_during_the_cleanup_does_not_expire(alice, monkeypatch):
    demo_of(alice)
    old = Interaction.objects.filter(type="comment").earliest("posted_at")
    real = row_batches.async_commit

    def answer_first(*args):
        if StoryEvent.objects.filter(expired_at__isnull=False).exists():  # the next batch has interactions
            replies.store_reply(old, "We are sorry that this took so long.", LATER)
            monkeypatch.undo()
        return real(*args)

    monkeypatch.setattr(row_batches, "async_commit", answer_first)
    retention.clean_up(LATER)
    old.refresh_from_db()
    assert Interaction.objects.get(send_status="queued").parent == old
    assert (old.deleted_at, Interaction.objects.visible_to(alice).count()) == (None, 2)


def test_cleanup_continues_after_an_account_that_fails(alice, bob):
    demo_of(alice)
    demo_of(bob)
    DemoAccount.objects.filter(user=alice).update(niche="none that exists")  # its planning raises
    cleaned = retention.clean_up(LATER)
    assert (cleaned.failed, cleaned.content) == (1, 3)
    assert (counts(alice), counts(bob)) == ((3, 30, 5), (0, 0, 0))


def test_pending_changes_of_demo_profiles_are_deleted_by_age(alice, live):
    demo_of(alice)
    profile = Profile.objects.filter(is_demo=True).first()
    for owner in (profile, live):
        send(owner, event("comment.edited", "never-arrives"), at=NOW)
    assert retention.clean_up(NOW + 29 * DAY).pending_changes == 0
    assert retention.clean_up(NOW + 31 * DAY).pending_changes == 1
    assert [change.profile for change in PendingChange.objects.all()] == [live]


def test_expired_rows_are_shown_nowhere(page, alice):
    demo_of(alice, timezone.now() - 60 * DAY)
    post, comment = Content.objects.first(), Interaction.objects.filter(type="comment").first()
    run("cleanup_demo")
    assert Interaction.objects.filter(deleted_at=None).count() == 0
    lists = ("content", "interactions", "interactions/?type=message", "interactions/?is_demo=true")
    assert [page.get(f"/api/v1/{path}").json()["results"] for path in lists] == [[]] * 4
    paths = [f"content/{post.pk}", f"interactions/{comment.pk}"]
    assert [page.get(f"/api/v1/{path}").status_code for path in paths] == [404, 404]
    answer = page.post(f"/api/v1/interactions/{comment.pk}/reply", {"text": "Hello?"}, content_type=JSON)
    assert answer.status_code == 404
    assert page.get("/api/v1/analytics/summary?mode=demo").json()["interactions"] == 0
    assert page.get("/api/v1/demo/").json()["stored"] == {"content": 0, "comments": 0, "messages": 0}
    assert comment.text not in page.get("/comments/").content.decode()


def test_restore_brings_back_every_row_unchanged(alice, bob):
    demo_of(alice)
    demo_of(bob)
    before, story = visible_rows(alice), loaded_past(alice)
    for user in (alice, bob):
        clean_up_at(user, LATER)
    assert (visible_rows(alice), loaded_past(alice)) == ([], {})
    report = json.loads(run("restore_demo", "--user", "alice", "--json"))
    kinds = {
        "content": 3,
        "comments": 30 + replies_of_brand("comment"),
        "messages": 5 + replies_of_brand("message"),
    }
    assert report == {
        "user": "alice",
        **kinds,
        "story": StoryEvent.objects.filter(account__user=alice).count(),
    }
    assert (visible_rows(alice), loaded_past(alice), visible_rows(bob)) == (before, story, [])


def test_restore_all_restores_every_demo_that_is_on(alice, bob, live):
    demo_of(alice)
    demo_of(bob)
    before = visible_rows(alice), visible_rows(bob), live_rows()
    for user in (alice, bob):
        clean_up_at(user, LATER)
    report = json.loads(run("restore_demo", "--all", "--json"))
    assert (visible_rows(alice), visible_rows(bob), live_rows()) == before
    sums = {"content": 6, "comments": number_of("comment"), "messages": number_of("message")}
    assert report == {"users": 2, **sums, "story": StoryEvent.objects.count()}
    assert run("restore_demo", "--all").startswith("Restored in 2 demos: nothing.")


def number_of(type: str) -> int:
    return Interaction.objects.filter(is_demo=True, type=type).count()


def clean_up_at(user: User, now: datetime, **options) -> retention.CleanupResult:
    """Clean up the user's demo at `now`, without open windows to plan."""
    DemoAccount.objects.filter(user=user).update(
        next_content_window=now + DAY, next_interactions_window=now + DAY
    )
    return retention.clean_up(now, accounts=[user.demo_account.pk], **options)


def loaded_past(user: User) -> dict:
    return story.load_past(story.profile_ids_by_platform([user.demo_account]), NOW)


def replies_of_brand(type: str) -> int:
    return Interaction.objects.filter(profile__owner__username="alice", direction="out", type=type).count()


def test_a_demo_that_is_off_cannot_be_restored(alice):
    with pytest.raises(CommandError, match="Demo mode is off") as error:
        run("restore_demo", "--user", "alice")
    assert error.value.returncode == 1


@pytest.mark.parametrize(("after", "is_kept"), [(7 * DAY - 2 * HOUR, True), (7 * DAY - SECOND, False)])
def test_expired_rows_are_purged_after_a_week(alice, live, after, is_kept):
    demo_of(alice)
    before, stored = live_rows(), Interaction.objects.filter(is_demo=True).count()
    expired = clean_up_at(alice, LATER)
    assert clean_up_at(alice, LATER + after, dry_run=True).purged == (0 if is_kept else total(expired))
    assert clean_up_at(alice, LATER + after).purged == (0 if is_kept else total(expired))
    assert Interaction.objects.filter(is_demo=True).count() == (stored if is_kept else 0)
    assert (StoryEvent.objects.exists(), Content.objects.filter(is_demo=True).exists()) == (is_kept, is_kept)
    assert live_rows() == before


def total(cleaned: retention.CleanupResult) -> int:
    return cleaned.content + cleaned.comments + cleaned.messages + cleaned.story


def test_each_user_has_a_separate_retention(alice, bob):
    demo_of(alice)
    demo_of(bob, retention_days=365)
    hers, his = clean_up_at(alice, LATER), clean_up_at(bob, LATER)
    assert (total(hers) > 0, total(his)) == (True, 0)
    assert (counts(alice), counts(bob)) == ((0, 0, 0), (3, 30, 5))


@pytest.mark.parametrize("when", ["before it expires", "after it has expired"])
def test_rows_that_the_platform_deleted_stay_deleted(alice, when):
    demo_of(alice)
    comment = Interaction.objects.filter(type="comment").first()
    if when == "after it has expired":
        clean_up_at(alice, LATER)
    [result] = send(comment.profile, event("comment.deleted", comment.platform_id, NOW.isoformat()))
    clean_up_at(alice, LATER)
    retention.restore(alice.demo_account, NOW)
    comment.refresh_from_db()
    assert (result.status, result.id, comment.deleted_at) == ("updated", comment.pk, NOW)
    assert counts(alice) == (3, 29 if comment.direction == "in" else 30, 5)


CREATED, DELETED, EXPIRE, RESTORE = "comment.created", "comment.deleted", "expire", "restore"
A, B, C = NOW + HOUR, NOW + 2 * HOUR, NOW + 3 * HOUR


@pytest.mark.sample(7)
@pytest.mark.parametrize(
    ("steps", "deleted_at"),
    [
        # A row that was created again expires, and can be restored.
        ([(DELETED, A), (CREATED, B), EXPIRE], "expired"),
        ([(DELETED, A), (CREATED, B), EXPIRE, RESTORE], None),
        ([(DELETED, A), EXPIRE, (CREATED, B)], "expired"),
        ([(DELETED, A), EXPIRE, (CREATED, B), RESTORE], None),
        ([EXPIRE, (DELETED, A), (CREATED, B)], "expired"),
        ([EXPIRE, (DELETED, A), (CREATED, B), RESTORE], None),
        ([EXPIRE, (CREATED, B), (DELETED, A), RESTORE], None),
        ([EXPIRE, (CREATED, B)], "expired"),
        ([EXPIRE, (CREATED, B), RESTORE, (DELETED, C)], C),
        # A deletion newer than the creation stays, expired or not.
        ([EXPIRE, (DELETED, A), RESTORE], A),
        ([EXPIRE, (DELETED, A), (CREATED, A), RESTORE], A),
        ([EXPIRE, (DELETED, A), (CREATED, B), (DELETED, C), RESTORE], C),
        ([(DELETED, A), (CREATED, B), EXPIRE, (DELETED, C), RESTORE], C),
        ([EXPIRE, (DELETED, C), (CREATED, B), (DELETED, A), RESTORE], C),
        # The deletion is at exactly the time of the expiry.
        ([(DELETED, LATER), EXPIRE], LATER),
        ([(DELETED, LATER), EXPIRE, RESTORE], LATER),
        ([EXPIRE, (DELETED, LATER), RESTORE], LATER),
        ([EXPIRE, (DELETED, LATER), (DELETED, LATER), RESTORE], LATER),
        ([EXPIRE, (DELETED, LATER), (CREATED, LATER + SECOND)], "expired"),
        ([EXPIRE, (DELETED, LATER), (CREATED, LATER + SECOND), RESTORE], None),
        ([(DELETED, LATER), EXPIRE, RESTORE, EXPIRE, RESTORE], LATER),
    ],
)
def test_expiry_and_deletion_by_the_platform_are_independent(alice, steps, deleted_at):
    demo_of(alice)
    comment = Interaction.objects.filter(type="comment", parent=None, replies=None).first()
    story = StoryEvent.objects.get(profile=comment.profile, platform_id=comment.platform_id)
    created = webhook_event(story)
    for step in steps:
        if step == EXPIRE:
            clean_up_at(alice, LATER)
        elif step == RESTORE:
            retention.restore(alice.demo_account, NOW)
        else:
            sent = (created if step[0] == CREATED else {}) | {"type": step[0], "id": comment.platform_id}
            [result] = send(comment.profile, sent | {"occurred_at": step[1].isoformat()}, at=LATER)
            assert result.id == comment.pk
    comment.refresh_from_db()
    assert comment.deleted_at == (comment.expired_at if deleted_at == "expired" else deleted_at)
    assert (comment.expired_at is not None) == (steps.count(EXPIRE) > steps.count(RESTORE))
    for step in [step for step in steps if step not in (EXPIRE, RESTORE)]:  # sent again, they change nothing
        sent = (created if step[0] == CREATED else {}) | {"type": step[0], "id": comment.platform_id}
        [result] = send(comment.profile, sent | {"occurred_at": step[1].isoformat()}, at=LATER)
        assert result.status == "duplicate"


def test_an_expired_row_that_is_sent_again_is_a_duplicate_and_stays_expired(alice):
    demo_of(alice)
    expired = StoryEvent.objects.filter(type="comment.created").first()
    clean_up_at(alice, LATER)
    [result] = ingest([IncomingEvent(expired.profile_id, webhook_event(expired))], LATER)
    assert (result.status, Interaction.objects.get(pk=result.id).deleted_at) == ("duplicate", LATER)


def test_a_restored_cleanup_does_not_change_later_windows(alice, bob):
    demo_of(alice, seed=9, brand="Twin")
    demo_of(bob, seed=9, brand="Twin")
    cleaned = retention.clean_up(ENABLED + HOUR, older_than_days=1, accounts=[alice.demo_account.pk])
    assert total(cleaned) > 30
    retention.restore(alice.demo_account, NOW)
    run_until(ENABLED + 3 * DAY, every=6 * HOUR)
    assert visible_rows(alice) == visible_rows(bob)


def test_expired_posts_get_no_new_comments(alice):
    demo_of(alice)
    retention.clean_up(ENABLED + HOUR, older_than_days=0)
    assert counts(alice)[0] == 0
    run_until(ENABLED + DAY, every=6 * HOUR)
    assert counts(alice)[1] == 0  # the new posts are less than a day old and have no comments yet


def test_dead_letters_of_demos_are_deleted_by_age(alice, live):
    demo_of(alice)
    for profile in (Profile.objects.demo().first(), live):
        send(profile, {"type": "nonsense"}, at=NOW)
    assert clean_up_at(alice, NOW + 29 * DAY).dead_letters == 0
    assert clean_up_at(alice, NOW + 31 * DAY).dead_letters == 1
    assert {letter.profile for letter in DeadLetter.objects.all()} == {live}


def test_an_operator_restores_expired_rows(operator, alice, bob):
    for user in (alice, bob):
        demo_of(user)
        clean_up_at(user, LATER)
    messages = act(operator, DEMOS, "restore", alice.demo_account)
    assert messages == [
        f"alice: restored {retention.RestoreResult(3, 30 + replies_of_brand('comment'), 5 + replies_of_brand('message'), StoryEvent.objects.filter(account__user=alice).count())}."
    ]
    assert (counts(alice), counts(bob)) == ((3, 30, 5), (0, 0, 0))


@pytest.mark.sample(1)
@pytest.mark.parametrize("days", [None, 0, 3])
def test_a_dry_run_counts_what_a_cleanup_expires_and_changes_nothing(
    alice, days, caplog, django_capture_on_commit_callbacks
):
    caplog.set_level(logging.INFO)
    demo_of(alice)
    later = ENABLED + 35 * DAY  # when windows are open
    before = [StoryEvent.objects.count(), DemoAccount.objects.values().get(), visible_rows(alice)]
    with django_capture_on_commit_callbacks(execute=True):
        dry = retention.clean_up(later, older_than_days=days, dry_run=True)
    assert [StoryEvent.objects.count(), DemoAccount.objects.values().get(), visible_rows(alice)] == before
    assert "Generated" not in caplog.text
    with django_capture_on_commit_callbacks(execute=True):
        assert retention.clean_up(later, older_than_days=days) == dry
    assert "Generated" in caplog.text
    assert total(dry) > 0


def test_a_reply_keeps_a_row_and_does_not_change_later_windows(alice, bob):
    """After a pause the rows are older than the story events; the events expire by age alone."""
    for user in (alice, bob):
        demo_of(user, seed=9, brand="Twin")
    for comment in Interaction.objects.filter(profile__owner=alice, type="comment", direction="in"):
        replies.store_reply(comment, "Thank you.", ENABLED + 27 * DAY)
    for user in (alice, bob):
        transitions.pause(user, ENABLED + HOUR)
    retention.clean_up(ENABLED + 28 * DAY)
    for user in (alice, bob):
        resume(user, ENABLED + 28 * DAY)
    plan_due(ENABLED + 31 * DAY)
    hers, his = (
        list(
            planned(user)
            .order_by("due_at", "platform_id", "type")
            .values_list("due_at", "platform_id", "payload")
        )
        for user in (alice, bob)
    )
    assert (hers, len(hers) > 100) == (his, True)
    assert counts(alice)[1] > counts(bob)[1]


def planned(user: User) -> QuerySet[StoryEvent]:
    return StoryEvent.objects.filter(account__user=user, origin="window")


def test_the_api_does_not_reference_expired_rows(page, alice):
    demo_of(alice)
    first = Interaction.objects.filter(type="comment", parent=None).first()
    answer = replies.store_reply(first, "Thank you.", timezone.now())
    for model in (Content, Interaction):
        model.objects.exclude(pk=answer.pk).update(deleted_at=NOW, expired_at=NOW)
    [shown] = page.get("/api/v1/interactions/").json()["results"]
    assert (shown["id"], shown["content"], shown["parent"]) == (answer.pk, None, None)
    retention.restore(alice.demo_account, NOW)
    shown = page.get(f"/api/v1/interactions/{answer.pk}/").json()
    assert (shown["content"], shown["parent"]) == (first.content_id, first.pk)


def test_expired_dead_events_are_not_counted_and_not_retried(page, alice):
    demo_of(alice)
    StoryEvent.objects.filter(pk=StoryEvent.objects.first().pk).update(delivered_at=None, dead_at=NOW)
    assert page.get("/api/v1/demo/").json()["progress"]["dead"] == 1
    clean_up_at(alice, LATER)
    assert page.get("/api/v1/demo/").json()["progress"]["dead"] == 0
    assert retry_dead(StoryEvent.objects.all()) == 0


def test_no_statement_changes_more_rows_than_a_batch(alice):
    demo_of(alice, size="small")
    with CaptureQueriesContext(connection) as expiring:
        clean_up_at(alice, LATER)
    with CaptureQueriesContext(connection) as purging:
        clean_up_at(alice, LATER + 8 * DAY)
    stories = StoryEvent.objects.count(), row_batches.ROWS_PER_TRANSACTION
    assert stories == (0, 250)
    assert changes(expiring, "UPDATE demo_storyevent") == changes(purging, "DELETE FROM demo_storyevent") == 2


def changes(queries: CaptureQueriesContext, what: str) -> int:
    return sum(what in query["sql"] for query in queries.captured_queries)


@pytest.mark.django_db(transaction=True)
def test_cleanup_during_an_advance_does_not_deadlock(alice, monkeypatch):
    """Both lock the story before the profiles; cleanup begins while the advance has locked only the story."""
    demo_of(alice, size="small")
    plan_due(LATER)
    transitions.advance(alice, 1, LATER, request_worker=False)
    real, story_is_locked = advance.lock_profiles, Event()

    def lock_late(profiles) -> None:
        story_is_locked.set()
        until(is_a_lock_awaited, "cleanup waits for a lock", 10)
        real(profiles)

    def work() -> None:
        pending_work.run_to_completion(alice.demo_account.pk, LATER)
        connection.close()

    monkeypatch.setattr(advance, "lock_profiles", lock_late)
    with ThreadPoolExecutor(1) as pool:
        advancing = pool.submit(work)
        assert story_is_locked.wait(10)
        cleaned = retention.clean_up(LATER, accounts=[alice.demo_account.pk])
        advancing.result()
    assert (cleaned.failed, total(cleaned) > 400) == (0, True)
    assert DemoAccount.objects.values_list("advance_days", "catching_up", "last_error").get() == (
        0,
        False,
        "",
    )


def is_a_lock_awaited() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
        return cursor.fetchone()[0] > 0


@pytest.mark.django_db(transaction=True)
def test_restoring_locked_rows_is_refused_and_can_be_repeated(alice, monkeypatch):
    demo_of(alice)
    clean_up_at(alice, LATER)
    monkeypatch.setattr(row_batches, "LOCK_TIMEOUT", "200ms")
    profiles = list(Profile.objects.demo().values_list("pk", flat=True))
    with profiles_locked(profiles), pytest.raises(CommandError, match="demo is busy") as error:
        run("restore_demo", "--user", "alice")
    assert error.value.returncode == 1
    run("restore_demo", "--user", "alice")
    assert counts(alice) == (3, 30, 5)
