"""Recovery from errors, killed workers and lost connections: the demo completes, and others are not affected."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event
from time import sleep

import pytest
from django.db import OperationalError, connection, transaction
from django.db.models import Q
from psycopg.errors import DeadlockDetected

from accounts.models import Profile
from demo.engine import planning, retention, story
from demo.engine.delivery import deliver_due
from demo.engine.planning import plan_due
from demo.engine.transports import in_process
from demo.exceptions import InvalidState
from demo.lifecycle import pending_work, recovery, transitions
from demo.models import DemoAccount, State, StoryEvent
from demo.progress import progress_of
from interactions.locks import lock_profiles
from interactions.models import DeadLetter
from interactions.profile_deletion import RECEIVED_MODELS
from interactions.replay import replay
from tests.lock_helpers import profiles_locked
from tests.timeline import FIRST_INTERACTIONS, counts, visible_rows
from tests.world import DAY, HOUR, NOW, demo_of, event, send


def test_the_sweep_claims_work_of_a_worker_killed_between_planning_and_delivery(alice):
    account = transitions.enable(alice, NOW, request_worker=False).account
    pending_work.plan_initial(account.pk, NOW)
    DemoAccount.objects.update(heartbeat_at=NOW)
    assert recovery.claim_stalled(NOW + timedelta(seconds=29)) == {}
    later = NOW + timedelta(seconds=31)
    assert recovery.claim_stalled(later) == {account.pk: 0}
    assert recovery.claim_stalled(later) == {}
    pending_work.run_to_completion(account.pk, later)
    assert counts(alice) == (35, 920, 100)


def test_a_lost_connection_leaves_the_account_enabling(alice, monkeypatch):
    account = transitions.enable(alice, NOW, request_worker=False).account

    def lost(*_):
        raise OperationalError("the connection is lost")

    monkeypatch.setattr(in_process, "ingest", lost)
    with pytest.raises(OperationalError):
        pending_work.run_to_completion(account.pk, NOW)
    account.refresh_from_db()
    assert account.state == State.ENABLING
    monkeypatch.undo()
    pending_work.run_to_completion(account.pk, NOW)
    assert counts(alice) == (35, 920, 100)


def error_has_a_reference(account: DemoAccount, caplog) -> bool:
    """Whether `last_error` has a reference and not the error, and the log has both."""
    sentence, reference = account.last_error.rsplit(" ", 1)
    [line] = [record for record in caplog.records if reference.strip(".") in record.getMessage()]
    _, error, _ = line.exc_info
    return sentence.endswith("give an operator the reference") and str(error) not in account.last_error


def test_any_other_error_sets_failed_and_enabling_again_completes(alice, monkeypatch, caplog):
    account = transitions.enable(alice, NOW, request_worker=False).account
    monkeypatch.setattr(pending_work, "plan_initial", lambda *_: 1 / 0)
    pending_work.run_to_completion(account.pk, NOW)
    account.refresh_from_db()
    assert account.state == State.FAILED
    assert error_has_a_reference(account, caplog)
    monkeypatch.undo()
    demo_of(alice, size="full")
    assert counts(alice) == (35, 920, 100)


@pytest.mark.django_db(transaction=True)  # foreign keys are checked when it ends
def test_enabling_a_failed_demo_again_deletes_rows_that_were_sent_to_it(alice, monkeypatch):
    account = transitions.enable(alice, NOW, request_worker=False).account
    monkeypatch.setattr(pending_work, "plan_initial", lambda *_: 1 / 0)
    pending_work.run_to_completion(account.pk, NOW)
    monkeypatch.undo()
    profile = Profile.objects.demo().first()
    send(profile, event("comment.created", "foreign"), event("comment.edited", "none"), {"type": "nonsense"})
    assert rows_on([profile.pk]) == [1, 0, 1, 1]
    assert transitions.enable(alice, NOW, seed=3, request_worker=False).started
    assert rows_on([profile.pk, None]) == [0, 0, 0, 0]
    pending_work.run_to_completion(account.pk, NOW)
    assert counts(alice) == (35, 920, 100)


def rows_on(profiles: list[int | None]) -> list[int]:
    """The numbers of received rows of the profiles; None stands for rows without a profile."""
    on = Q(profile__in=[id for id in profiles if id])
    if None in profiles:
        on |= Q(profile=None)
    return [model.objects.filter(on).count() for model in RECEIVED_MODELS]


def test_a_batch_that_failed_after_planning_is_completed_as_planned(alice, monkeypatch):
    account = transitions.enable(alice, NOW, request_worker=False, seed=6).account
    monkeypatch.setattr(pending_work, "deliver_due", lambda *_, **__: 1 / 0)
    pending_work.run_to_completion(account.pk, NOW)
    monkeypatch.undo()
    story = StoryEvent.objects.filter(origin="initial").order_by("pk").values_list("pk", flat=True)
    planned = list(story)
    with pytest.raises(InvalidState, match="so seed cannot change any more"):
        demo_of(alice, NOW + HOUR, seed=7, size="full")
    demo_of(alice, NOW + HOUR, seed=6, size="full")
    assert (counts(alice), list(story)) == ((35, 920, 100), planned)


def test_a_failing_event_is_dead_after_six_attempts_and_the_others_are_delivered(alice, monkeypatch):
    account = transitions.enable(
        alice, NOW, request_worker=False, initial_content=3, initial_comments=30, initial_messages=5
    ).account
    pending_work.plan_initial(account.pk, NOW)
    failing = StoryEvent.objects.filter(type="comment.created").first().platform_id
    real = in_process.ingest

    def ingest(arrivals, now):
        if any(arrival.event["id"] == failing for arrival in arrivals):
            raise RuntimeError("failing")
        return real(arrivals, now)

    monkeypatch.setattr(in_process, "ingest", ingest)
    now = NOW
    for attempt in range(1, 7):
        deliver_due(now)
        assert StoryEvent.objects.get(platform_id=failing).attempts == attempt
        now += 6 * HOUR
    assert counts(alice) == (3, 29, 5)
    assert (progress_of(account).dead, StoryEvent.objects.get(platform_id=failing).last_error) == (
        1,
        "failing",
    )


def test_an_account_that_cannot_be_planned_does_not_block_others(alice, bob, monkeypatch, caplog):
    demo_of(alice)
    demo_of(bob)
    real = story.simulator.interactions_window

    def window(world, *args):
        if world.brand == "Broken":
            raise RuntimeError("broken")
        return real(world, *args)

    DemoAccount.objects.filter(user=alice).update(brand="Broken")
    monkeypatch.setattr(story.simulator, "interactions_window", window)
    assert plan_due(FIRST_INTERACTIONS).windows == 1
    assert error_has_a_reference(DemoAccount.objects.get(user=alice), caplog)
    assert DemoAccount.objects.get(user=bob).next_interactions_window == FIRST_INTERACTIONS + 6 * HOUR
    monkeypatch.undo()
    assert plan_due(FIRST_INTERACTIONS).windows == 1
    assert DemoAccount.objects.get(user=alice).last_error == ""


@pytest.mark.parametrize("now", [NOW, FIRST_INTERACTIONS], ids=["after the shift", "before it"])
def test_a_failing_advance_is_given_up_and_reported(alice, now, caplog):
    account = demo_of(alice)
    DemoAccount.objects.update(advance_days=7, niche="none that exists")
    pending_work.run_to_completion(account.pk, now)
    account.refresh_from_db()
    assert (account.state, account.advance_days) == (State.ACTIVE, 0)
    assert error_has_a_reference(account, caplog)


def test_a_deadlock_of_one_account_does_not_block_others(alice, bob, monkeypatch):
    demo_of(alice)
    demo_of(bob)
    real = retention._clean_account

    def deadlocked(account_id, *args):
        if DemoAccount.objects.get(pk=account_id).user == alice:
            raise OperationalError("deadlock detected") from DeadlockDetected()
        return real(account_id, *args)

    monkeypatch.setattr(retention, "_clean_account", deadlocked)
    done = retention.clean_up(NOW + timedelta(days=60))
    assert (done.failed, done.content) == (1, 3)


@pytest.mark.django_db(transaction=True)
def test_replaying_dead_letters_during_their_deletion_does_not_deadlock(live):
    holding = Event()

    def delete() -> None:
        with transaction.atomic():
            lock_profiles([live.pk])
            holding.set()
            sleep(0.5)
            DeadLetter.objects.all().delete()
        connection.close()

    with ThreadPoolExecutor(1) as pool:
        deletion = pool.submit(delete)
        assert holding.wait(10)
        assert replay(DeadLetter.objects.all(), NOW).accepted == 0
        deletion.result()


@pytest.mark.django_db(transaction=True)
def test_halves_of_a_batch_keep_the_locks_of_the_batch(alice, monkeypatch):
    account = transitions.enable(
        alice, NOW, request_worker=False, initial_content=3, initial_comments=30
    ).account
    pending_work.plan_initial(account.pk, NOW)
    profiles = list(StoryEvent.objects.order_by("profile").values_list("profile", flat=True).distinct())
    locked: list[list[int]] = []

    def refuse(*_):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT objid FROM pg_locks WHERE locktype = 'advisory' AND granted AND pid = pg_backend_pid()"
                " ORDER BY objid"
            )
            locked.append([row[0] for row in cursor.fetchall()])
        raise RuntimeError("refused")

    monkeypatch.setattr(in_process, "ingest", refuse)
    deliver_due(NOW)
    assert len(locked) > 3
    assert all(held == profiles for held in locked)


def test_planning_in_small_transactions_gives_the_same_rows(alice, bob, monkeypatch):
    demo_of(alice, seed=9, brand="Twin")
    demo_of(bob, seed=9, brand="Twin")
    later = FIRST_INTERACTIONS + timedelta(days=5)
    DemoAccount.objects.filter(user=bob).update(state="failed")
    plan_due(later)
    DemoAccount.objects.filter(user=bob).update(state="active")
    with monkeypatch.context() as patch:
        patch.setattr(planning, "EVENTS_PER_TRANSACTION", 20)
        assert planning.plan_due(later).windows == 26
    deliver_due(later)
    assert visible_rows(alice) == visible_rows(bob)


@pytest.mark.django_db(transaction=True)
def test_a_locked_profile_does_not_block_others(alice, bob):
    for user in (alice, bob):
        account = transitions.enable(
            user, NOW, request_worker=False, initial_content=3, initial_comments=30
        ).account
        pending_work.plan_initial(account.pk, NOW)
    with profiles_locked(list(Profile.objects.filter(owner=alice).values_list("pk", flat=True))):
        deliver_due(NOW)
        assert (counts(alice), counts(bob)) == ((0, 0, 0), (3, 30, 100))
    deliver_due(NOW)
    assert counts(alice) == (3, 30, 100)


@pytest.mark.long
def test_an_account_with_a_month_of_backlog_does_not_delay_others(
    alice, bob, monkeypatch, caplog, django_capture_on_commit_callbacks
):
    demo_of(alice)
    demo_of(bob, NOW + 29 * DAY)
    later = NOW + 29 * DAY + 11 * HOUR
    monkeypatch.setattr(planning, "EVENTS_PER_TRANSACTION", 20 * planning.ACCOUNTS_PER_TRANSACTION)
    with django_capture_on_commit_callbacks(execute=True):
        planning.plan_due(later)
    users = [record.args["user"] for record in caplog.records if "Generated" in record.getMessage()]
    assert (users.count("alice"), users.count("bob")) == (117 + 29, 1)
    assert users.index("bob") <= 3  # windows of alice that are planned before
