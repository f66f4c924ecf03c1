"""Ageing: what is old is hidden, may be brought back for a week, and goes for good; and nothing else does."""

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
from demo.engine import bulk, retention, story
from demo.engine.delivery import deliver_due
from demo.engine.planning import plan_due
from demo.engine.retries import retry_dead
from demo.lifecycle import advance, pending_work, transitions
from demo.models import DemoAccount, StoryEvent, webhook_event
from interactions import replies
from interactions.ingest import IncomingEvent, ingest
from interactions.models import Content, DeadLetter, Interaction, PendingChange
from tests.back_office import DEMOS, act
from tests.holding import somebody_holding
from tests.house import until
from tests.terminal import run
from tests.timeline import ENABLED, FIRST_TALK, counts, live_rows, resume, run_until, told
from tests.world import DAY, HOUR, NOW, demo_of, event, send

JSON = "application/json"
SECOND = timedelta(seconds=1)
LATER = ENABLED + 60 * DAY  # when all that a demo began with is older than its retention


def test_cleanup_takes_old_demo_rows_only_and_keeps_a_piece_that_is_talked_about(alice, live):
    demo_of(alice, size="small")
    before = live_rows()
    later = ENABLED + 22 * DAY
    plan_due(later)
    deliver_due(later)
    cutoff = later - 30 * DAY
    shown = Interaction.objects.visible_to(alice).filter(is_demo=True)
    young = Content.objects.filter(is_demo=True, comments__posted_at__gte=cutoff).distinct()
    kept = set(young.values_list("pk", flat=True))
    old_and_kept = young.filter(posted_at__lt=cutoff).count()
    dry = retention.clean_up(later, dry_run=True)
    assert old_and_kept > 0
    assert shown.filter(posted_at__lt=cutoff).count() > 0
    done = retention.clean_up(later)
    assert (done.content, done.comments, done.messages) == (dry.content, dry.comments, dry.messages)
    assert kept <= set(Content.objects.visible_to(alice).values_list("pk", flat=True))
    replied = Interaction.objects.filter(replies__posted_at__gte=cutoff)
    assert not shown.filter(posted_at__lt=cutoff).exclude(pk__in=replied).exists()
    assert live_rows() == before
    assert retention.clean_up(later).content == 0


def test_after_a_long_pause_nobody_talks_about_what_cleanup_took(alice):
    demo_of(alice, size="small")
    plan_due(FIRST_TALK)
    deliver_due(FIRST_TALK + timedelta(minutes=1))
    transitions.pause(alice, FIRST_TALK + timedelta(minutes=1))
    later = FIRST_TALK + 40 * DAY
    dry = retention.clean_up(later, dry_run=True)
    assert retention.clean_up(later) == dry
    assert dry.story > 200
    resume(alice, later)
    run_until(later + 2 * DAY, later, every=DAY / 4)
    comments = Interaction.objects.visible_to(alice).filter(type="comment", posted_at__gt=later)
    assert comments.count() > 0
    assert not comments.exclude(content__deleted_at=None).exists()


def test_what_is_still_to_come_keeps_what_it_answers(alice):
    demo_of(alice)
    plan_due(FIRST_TALK)
    coming = StoryEvent.objects.undelivered().filter(type="comment.created").first()
    old = Interaction.objects.filter(type="comment", parent=None, profile=coming.profile).earliest(
        "posted_at"
    )
    answered = {"content_id": old.content_ref, "parent_id": old.platform_id}
    StoryEvent.objects.filter(pk=coming.pk).update(payload=coming.payload | answered)
    transitions.pause(alice, FIRST_TALK)
    retention.clean_up(FIRST_TALK + 40 * DAY)
    shown = Interaction.objects.visible_to(alice).filter(type="comment")
    assert shown.filter(pk=old.pk, content__deleted_at=None).exists()
    assert shown.count() < 30


def test_what_is_hung_on_an_old_row_while_cleanup_comes_to_it_keeps_it(alice, monkeypatch):
    demo_of(alice)
    old = Interaction.objects.filter(type="comment").earliest("posted_at")
    real = bulk.lock_profiles

    def answer_first(profiles):
        if StoryEvent.objects.filter(expired_at__isnull=False).exists():  # the interactions come next
            replies.store_reply(old, "We are sorry that this took so long.", LATER)
            monkeypatch.undo()
        real(profiles)

    monkeypatch.setattr(bulk, "lock_profiles", answer_first)
    retention.clean_up(LATER)
    old.refresh_from_db()
    assert Interaction.objects.get(send_status="queued").parent == old
    assert (old.deleted_at, Interaction.objects.visible_to(alice).count()) == (None, 2)


def test_cleanup_goes_on_past_an_account_that_fails(alice, bob):
    demo_of(alice)
    demo_of(bob)
    DemoAccount.objects.filter(user=alice).update(niche="none that exists")  # its windows cannot be planned
    done = retention.clean_up(LATER)
    assert (done.failed, done.content) == (1, 3)
    assert (counts(alice), counts(bob)) == ((3, 30, 5), (0, 0, 0))


def test_changes_that_wait_for_a_demo_row_in_vain_go_with_its_age(alice, live):
    demo_of(alice)
    profile = Profile.objects.filter(is_demo=True).first()
    for owner in (profile, live):
        send(owner, event("comment.edited", "never-arrives"), at=NOW)
    assert retention.clean_up(NOW + 29 * DAY).pending_changes == 0
    assert retention.clean_up(NOW + 31 * DAY).pending_changes == 1
    assert [change.profile for change in PendingChange.objects.all()] == [live]


def test_what_is_hidden_is_shown_nowhere(page, alice):
    demo_of(alice, timezone.now() - 60 * DAY)
    piece, comment = Content.objects.first(), Interaction.objects.filter(type="comment").first()
    run("cleanup_demo")
    assert Interaction.objects.filter(deleted_at=None).count() == 0
    lists = ("content", "interactions", "interactions/?type=message", "interactions/?is_demo=true")
    assert [page.get(f"/api/v1/{path}").json()["results"] for path in lists] == [[]] * 4
    gone = [f"content/{piece.pk}", f"interactions/{comment.pk}"]
    assert [page.get(f"/api/v1/{path}").status_code for path in gone] == [404, 404]
    answer = page.post(f"/api/v1/interactions/{comment.pk}/reply", {"text": "Hello?"}, content_type=JSON)
    assert answer.status_code == 404
    assert page.get("/api/v1/analytics/summary?mode=demo").json()["interactions"] == 0
    assert page.get("/api/v1/demo/").json()["stored"] == {"content": 0, "comments": 0, "messages": 0}
    assert comment.text not in page.get("/comments/").content.decode()


def test_restoring_brings_back_every_row_as_it_was(alice, bob):
    demo_of(alice)
    demo_of(bob)
    before, story = told(alice), looked_back_on(alice)
    for user in (alice, bob):
        age(user, LATER)
    assert (told(alice), looked_back_on(alice)) == ([], {})
    report = json.loads(run("restore_demo", "--user", "alice", "--json"))
    kinds = {"content": 3, "comments": 30 + brands("comment"), "messages": 5 + brands("message")}
    assert report == {
        "user": "alice",
        **kinds,
        "story": StoryEvent.objects.filter(account__user=alice).count(),
    }
    assert (told(alice), looked_back_on(alice), told(bob)) == (before, story, [])


def test_restoring_all_leaves_out_none_that_is_on(alice, bob, live):
    demo_of(alice)
    demo_of(bob)
    before = told(alice), told(bob), live_rows()
    for user in (alice, bob):
        age(user, LATER)
    report = json.loads(run("restore_demo", "--all", "--json"))
    assert (told(alice), told(bob), live_rows()) == before
    sums = {"content": 6, "comments": len_of("comment"), "messages": len_of("message")}
    assert report == {"users": 2, **sums, "story": StoryEvent.objects.count()}
    assert run("restore_demo", "--all").startswith("Restored of 2 demos: nothing.")


def len_of(type: str) -> int:
    return Interaction.objects.filter(is_demo=True, type=type).count()


def age(user: User, now: datetime, **options) -> retention.CleanupResult:
    """Clean up the user's demo without planning what has opened since."""
    DemoAccount.objects.filter(user=user).update(
        next_content_window=now + DAY, next_interactions_window=now + DAY
    )
    return retention.clean_up(now, accounts=[user.demo_account.pk], **options)


def looked_back_on(user: User) -> dict:
    return story.look_back(story.demo_profiles([user.demo_account]), NOW)


def brands(type: str) -> int:
    return Interaction.objects.filter(profile__owner__username="alice", direction="out", type=type).count()


def test_what_is_off_has_nothing_to_restore(alice):
    with pytest.raises(CommandError, match="Demo mode is off") as error:
        run("restore_demo", "--user", "alice")
    assert error.value.returncode == 1


@pytest.mark.parametrize(("after", "left"), [(7 * DAY - 2 * HOUR, True), (7 * DAY - SECOND, False)])
def test_what_is_hidden_goes_for_good_after_a_week(alice, live, after, left):
    demo_of(alice)
    before, stored = live_rows(), Interaction.objects.filter(is_demo=True).count()
    hidden = age(alice, LATER)
    assert age(alice, LATER + after, dry_run=True).purged == (0 if left else everything(hidden))
    assert age(alice, LATER + after).purged == (0 if left else everything(hidden))
    assert Interaction.objects.filter(is_demo=True).count() == (stored if left else 0)
    assert (StoryEvent.objects.exists(), Content.objects.filter(is_demo=True).exists()) == (left, left)
    assert live_rows() == before


def everything(cleaned: retention.CleanupResult) -> int:
    return cleaned.content + cleaned.comments + cleaned.messages + cleaned.story


def test_each_user_has_a_retention_of_their_own(alice, bob):
    demo_of(alice)
    demo_of(bob, retention_days=365)
    hers, his = age(alice, LATER), age(bob, LATER)
    assert (everything(hers) > 0, everything(his)) == (True, 0)
    assert (counts(alice), counts(bob)) == ((0, 0, 0), (3, 30, 5))


@pytest.mark.parametrize("when", ["before it is hidden", "while it is hidden"])
def test_what_its_platform_deleted_stays_deleted(alice, when):
    demo_of(alice)
    comment = Interaction.objects.filter(type="comment").first()
    if when == "while it is hidden":
        age(alice, LATER)
    [result] = send(comment.profile, event("comment.deleted", comment.platform_id, NOW.isoformat()))
    age(alice, LATER)
    retention.restore(alice.demo_account)
    comment.refresh_from_db()
    assert (result.status, result.id, comment.deleted_at) == ("updated", comment.pk, NOW)
    assert counts(alice) == (3, 29 if comment.direction == "in" else 30, 5)


MADE, GONE, HIDE, RESTORE = "comment.created", "comment.deleted", "hide", "restore"
A, B, C = NOW + HOUR, NOW + 2 * HOUR, NOW + 3 * HOUR


@pytest.mark.parametrize(
    ("done", "deleted_at"),
    [
        # Age hides what was created again, until it is restored.
        ([(GONE, A), (MADE, B), HIDE], "hidden"),
        ([(GONE, A), (MADE, B), HIDE, RESTORE], None),
        ([(GONE, A), HIDE, (MADE, B)], "hidden"),
        ([(GONE, A), HIDE, (MADE, B), RESTORE], None),
        ([HIDE, (GONE, A), (MADE, B)], "hidden"),
        ([HIDE, (GONE, A), (MADE, B), RESTORE], None),
        ([HIDE, (MADE, B), (GONE, A), RESTORE], None),
        ([HIDE, (MADE, B)], "hidden"),
        ([HIDE, (MADE, B), RESTORE, (GONE, C)], C),
        # A deletion that comes after the creation stays one, hidden or not.
        ([HIDE, (GONE, A), RESTORE], A),
        ([HIDE, (GONE, A), (MADE, A), RESTORE], A),
        ([HIDE, (GONE, A), (MADE, B), (GONE, C), RESTORE], C),
        ([(GONE, A), (MADE, B), HIDE, (GONE, C), RESTORE], C),
        ([HIDE, (GONE, C), (MADE, B), (GONE, A), RESTORE], C),
        # The time of the deletion is, to the microsecond, that of hiding.
        ([(GONE, LATER), HIDE], LATER),
        ([(GONE, LATER), HIDE, RESTORE], LATER),
        ([HIDE, (GONE, LATER), RESTORE], LATER),
        ([HIDE, (GONE, LATER), (GONE, LATER), RESTORE], LATER),
        ([HIDE, (GONE, LATER), (MADE, LATER + SECOND)], "hidden"),
        ([HIDE, (GONE, LATER), (MADE, LATER + SECOND), RESTORE], None),
        ([(GONE, LATER), HIDE, RESTORE, HIDE, RESTORE], LATER),
    ],
)
def test_age_and_the_platform_each_hide_a_row_for_themselves(alice, done, deleted_at):
    demo_of(alice)
    comment = Interaction.objects.filter(type="comment", parent=None, replies=None).first()
    story = StoryEvent.objects.get(profile=comment.profile, platform_id=comment.platform_id)
    made = webhook_event(story)
    for one in done:
        if one == HIDE:
            age(alice, LATER)
        elif one == RESTORE:
            retention.restore(alice.demo_account)
        else:
            told = (made if one[0] == MADE else {}) | {"type": one[0], "id": comment.platform_id}
            [result] = send(comment.profile, told | {"occurred_at": one[1].isoformat()}, at=LATER)
            assert result.id == comment.pk
    comment.refresh_from_db()
    assert comment.deleted_at == (comment.expired_at if deleted_at == "hidden" else deleted_at)
    assert (comment.expired_at is not None) == (done.count(HIDE) > done.count(RESTORE))
    for one in [one for one in done if one not in (HIDE, RESTORE)]:  # what is sent again changes nothing
        told = (made if one[0] == MADE else {}) | {"type": one[0], "id": comment.platform_id}
        [result] = send(comment.profile, told | {"occurred_at": one[1].isoformat()}, at=LATER)
        assert result.status == "duplicate"


def test_what_is_sent_again_while_hidden_is_a_duplicate_and_stays_hidden(alice):
    demo_of(alice)
    hidden = StoryEvent.objects.filter(type="comment.created").first()
    age(alice, LATER)
    [result] = ingest([IncomingEvent(hidden.profile_id, webhook_event(hidden))], LATER)
    assert (result.status, Interaction.objects.get(pk=result.id).deleted_at) == ("duplicate", LATER)


def test_a_cleanup_by_mistake_that_is_restored_changes_nothing_that_comes(alice, bob):
    demo_of(alice, seed=9, brand="Twin")
    demo_of(bob, seed=9, brand="Twin")
    mistaken = retention.clean_up(ENABLED + HOUR, older_than_days=1, accounts=[alice.demo_account.pk])
    assert everything(mistaken) > 30
    retention.restore(alice.demo_account)
    run_until(ENABLED + 3 * DAY, every=6 * HOUR)
    assert told(alice) == told(bob)


def test_nobody_talks_about_a_piece_that_is_hidden(alice):
    demo_of(alice)
    retention.clean_up(ENABLED + HOUR, older_than_days=0)
    assert counts(alice)[0] == 0
    run_until(ENABLED + DAY, every=6 * HOUR)
    assert counts(alice)[1] == 0  # only its own pieces, none of which is a day old, could draw comments


def test_dead_letters_age_too(alice, live):
    demo_of(alice)
    for profile in (Profile.objects.demo().first(), live):
        send(profile, {"type": "nonsense"}, at=NOW)
    assert age(alice, NOW + 29 * DAY).dead_letters == 0
    assert age(alice, NOW + 31 * DAY).dead_letters == 1
    assert {letter.profile for letter in DeadLetter.objects.all()} == {live}


def test_an_operator_restores_what_cleanup_has_hidden(operator, alice, bob):
    for user in (alice, bob):
        demo_of(user)
        age(user, LATER)
    told = act(operator, DEMOS, "restore", alice.demo_account)
    assert told == [
        f"alice: restored {retention.RestoreResult(3, 30 + brands('comment'), 5 + brands('message'), StoryEvent.objects.filter(account__user=alice).count())}."
    ]
    assert (counts(alice), counts(bob)) == ((3, 30, 5), (0, 0, 0))


@pytest.mark.parametrize("days", [None, 0, 3])
def test_a_dry_run_counts_what_the_real_one_hides_and_changes_nothing(
    alice, days, caplog, django_capture_on_commit_callbacks
):
    caplog.set_level(logging.INFO)
    demo_of(alice)
    later = ENABLED + 35 * DAY  # nothing of which is planned
    before = [StoryEvent.objects.count(), DemoAccount.objects.values().get(), told(alice)]
    with django_capture_on_commit_callbacks(execute=True):
        dry = retention.clean_up(later, older_than_days=days, dry_run=True)
    assert [StoryEvent.objects.count(), DemoAccount.objects.values().get(), told(alice)] == before
    assert "Generated" not in caplog.text
    with django_capture_on_commit_callbacks(execute=True):
        assert retention.clean_up(later, older_than_days=days) == dry
    assert "Generated" in caplog.text
    assert everything(dry) > 0


def test_what_people_answered_keeps_its_row_and_changes_nothing_that_comes(alice, bob):
    """After a pause the rows are older than the story; what is forgotten then is a matter of age alone."""
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
        list(planned(user).order_by("due_at", "platform_id").values_list("due_at", "platform_id", "payload"))
        for user in (alice, bob)
    )
    assert (hers, len(hers) > 100) == (his, True)
    assert counts(alice)[1] > counts(bob)[1]


def planned(user: User) -> QuerySet[StoryEvent]:
    return StoryEvent.objects.filter(account__user=user, origin="window")


def test_the_api_names_nothing_that_is_hidden(page, alice):
    demo_of(alice)
    first = Interaction.objects.filter(type="comment", parent=None).first()
    answer = replies.store_reply(first, "Thank you.", timezone.now())
    for model in (Content, Interaction):
        model.objects.exclude(pk=answer.pk).update(deleted_at=NOW, expired_at=NOW)
    [shown] = page.get("/api/v1/interactions/").json()["results"]
    assert (shown["id"], shown["content"], shown["parent"]) == (answer.pk, None, None)
    retention.restore(alice.demo_account)
    shown = page.get(f"/api/v1/interactions/{answer.pk}/").json()
    assert (shown["content"], shown["parent"]) == (first.content_id, first.pk)


def test_what_died_and_is_hidden_is_no_operators_matter_any_more(page, alice):
    demo_of(alice)
    StoryEvent.objects.filter(pk=StoryEvent.objects.first().pk).update(delivered_at=None, dead_at=NOW)
    assert page.get("/api/v1/demo/").json()["progress"]["dead"] == 1
    age(alice, LATER)
    assert page.get("/api/v1/demo/").json()["progress"]["dead"] == 0
    assert retry_dead(StoryEvent.objects.all()) == 0


def test_no_statement_takes_more_rows_than_a_batch(alice):
    demo_of(alice, size="small")
    with CaptureQueriesContext(connection) as hiding:
        age(alice, LATER)
    with CaptureQueriesContext(connection) as purging:
        age(alice, LATER + 8 * DAY)
    stories = StoryEvent.objects.count(), bulk.ROWS_PER_TRANSACTION
    assert stories == (0, 250)
    assert [changes(hiding, "UPDATE demo_storyevent"), changes(purging, "DELETE FROM demo_storyevent")] == [
        2,
        2,
    ]
    assert all("LIMIT 250" in query["sql"] for query in hiding if "WITH chosen" in query["sql"])


def changes(queries: CaptureQueriesContext, what: str) -> int:
    return sum(what in query["sql"] for query in queries.captured_queries)


@pytest.mark.django_db(transaction=True)
def test_cleanup_beside_an_advance_is_no_deadlock(alice, monkeypatch):
    """Both take the story before the profiles; cleanup begins when the advance has taken the one and not yet the others."""
    demo_of(alice, size="small")
    plan_due(LATER)
    transitions.advance(alice, 1, LATER, dispatch=False)
    real, has_story = advance.lock_profiles, Event()

    def lock_late(profiles) -> None:
        has_story.set()
        until(somebody_waits, "cleanup waits for a lock", 10)
        real(profiles)

    def work() -> None:
        pending_work.finish(alice.demo_account.pk, LATER)
        connection.close()

    monkeypatch.setattr(advance, "lock_profiles", lock_late)
    with ThreadPoolExecutor(1) as pool:
        advancing = pool.submit(work)
        assert has_story.wait(10)
        cleaned = retention.clean_up(LATER, accounts=[alice.demo_account.pk])
        advancing.result()
    assert (cleaned.failed, everything(cleaned) > 400) == (0, True)
    assert DemoAccount.objects.values_list("advance_days", "catching_up", "last_error").get() == (
        0,
        False,
        "",
    )


def somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
        return cursor.fetchone()[0] > 0


@pytest.mark.django_db(transaction=True)
def test_what_is_restored_while_somebody_holds_it_says_so(alice, monkeypatch):
    demo_of(alice)
    age(alice, LATER)
    monkeypatch.setattr(bulk, "MAX_WAIT", "200ms")
    profiles = list(Profile.objects.demo().values_list("pk", flat=True))
    with somebody_holding(profiles), pytest.raises(CommandError, match="busy just now") as error:
        run("restore_demo", "--user", "alice")
    assert error.value.returncode == 1
    run("restore_demo", "--user", "alice")
    assert counts(alice) == (3, 30, 5)
