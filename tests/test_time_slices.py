"""Pending work runs in time slices: nothing is lost or done twice, and one account does not delay others for long."""

import time
from contextlib import suppress
from datetime import timedelta
from functools import partial

import pytest
import redis
from celery import current_app
from django.db import connection, transaction
from django.utils import timezone

from accounts import redis_client
from accounts.circuit_breaker import CircuitBreaker
from accounts.models import User
from demo import tasks
from demo.engine import planning
from demo.engine.delivery import deliver_due
from demo.engine.planning import plan_due
from demo.engine.transports import in_process
from demo.lifecycle import advance, pending_work, recovery, resume, transitions
from demo.models import DemoAccount, State, StoryEvent
from interactions import row_batches
from tests.lock_helpers import locked_elsewhere
from tests.timeline import FIRST_INTERACTIONS, counts, visible_rows
from tests.world import DAY, HOUR, NOW, demo_of

MINUTE = timedelta(minutes=1)
LONG_AGO = FIRST_INTERACTIONS + 6 * DAY


@pytest.fixture
def short_slices(monkeypatch) -> None:
    """A slice is one step, and a step is small."""
    monkeypatch.setattr(pending_work, "LATER_SLICE", timedelta(0))
    monkeypatch.setattr(pending_work, "FIRST_SLICE", timedelta(0))
    monkeypatch.setattr("demo.lifecycle.time_slice.MIN_TIME_LEFT", timedelta(milliseconds=5))
    monkeypatch.setattr(row_batches, "ROWS_PER_TRANSACTION", 20)
    monkeypatch.setattr(in_process, "EVENTS_PER_TRANSACTION", 20)
    monkeypatch.setattr(resume, "ROWS_PER_TRANSACTION", 20)
    monkeypatch.setattr(advance, "EVENTS_PER_TRANSACTION", 15)


def pause_and_ask(user: User) -> None:
    transitions.pause(user, NOW + HOUR)
    transitions.resume(user, NOW + 3 * HOUR, request_worker=False)


# The request that leaves the work, and the state when it is done.
WORK = {
    "disable": (partial(transitions.disable, request_worker=False), State.OFF),
    "reset": (partial(transitions.reset, request_worker=False), State.ACTIVE),
    "resume": (pause_and_ask, State.ACTIVE),
    "advance": (lambda user: transitions.advance(user, 5, NOW, request_worker=False), State.ACTIVE),
}


def run_all_slices(account: int, now, die_every: int = 0) -> int:
    """Run slices until nothing is left; return how many.

    With `die_every` each slice with that number as a divisor is lost, as if the worker died, and the sweep requests it.
    """
    slices, following = 0, pending_work.run_slice(account, now)
    while following:
        slices += 1
        if die_every and slices % die_every == 0:
            now += MINUTE
            following = pending_work.NextSlice(recovery.claim_stalled(now)[account])
        following = pending_work.run_slice(account, now, following.number)
    return slices


def state_and_rows(user: User) -> tuple:
    """The account's state, the story and the visible rows, without keys."""
    account = DemoAccount.objects.values(
        *["state", "next_content_window", "next_interactions_window", "advance_days", "catching_up"],
        *["resume_requested_at", "resumed_to", "content_ordinal", "interactions_ordinal", "paused_at"],
    ).get(user=user)
    story = StoryEvent.objects.filter(account__user=user).order_by("due_at", "platform_id", "type")
    events = story.values_list("type", "platform_id", "due_at", "held", "delivered_at")
    return account, [(*event, at is None) for *event, at in events], visible_rows(user)


@pytest.mark.sample(3)
@pytest.mark.parametrize("die_every", [0, 3])
@pytest.mark.parametrize("work", WORK)
def test_time_slices_do_the_same_work_as_one_run_also_when_workers_die(alice, short_slices, work, die_every):
    ask, state = WORK[work]
    account = demo_of(alice, seed=9, brand="Twin")
    with transaction.atomic():  # for comparison; rolled back
        ask(alice)
        pending_work.run_to_completion(account.pk, NOW + 3 * HOUR)
        at_once = state_and_rows(alice)
        transaction.set_rollback(True)
    ask(alice)
    assert run_all_slices(account.pk, NOW + 3 * HOUR, die_every) >= 3
    assert DemoAccount.objects.get().state == state
    if work != "reset" or not die_every:  # a reset starts when the old story is deleted
        assert state_and_rows(alice) == at_once
    assert recovery.claim_stalled(NOW + DAY) == {}


def test_enabling_is_done_in_slices_too(alice, short_slices):
    account = transitions.enable(alice, NOW, request_worker=False, seed=1, initial_comments=100).account
    assert run_all_slices(account.pk, NOW) >= 2
    assert (DemoAccount.objects.get().state, counts(alice)) == (State.ACTIVE, (35, 100, 100))


def test_each_slice_number_runs_once(alice, short_slices):
    account = transitions.enable(alice, NOW, request_worker=False).account
    first = pending_work.run_slice(account.pk, NOW, 0)
    assert first == (1, 0)
    assert pending_work.run_slice(account.pk, NOW, 0) is None  # a duplicate message
    assert pending_work.run_slice(account.pk, NOW, 1) == (2, 0)
    assert pending_work.run_slice(account.pk, NOW, 1) is None  # a duplicate from the sweep
    assert pending_work.run_slice(account.pk, NOW) == (
        3,
        0,
    )  # a message of an earlier release, without a number


def test_a_slice_requested_again_by_the_sweep_runs_once(alice, short_slices):
    account = transitions.enable(alice, NOW, request_worker=False).account
    following = pending_work.run_slice(account.pk, NOW)
    later = NOW + MINUTE
    assert recovery.claim_stalled(later) == {account.pk: following.number}
    assert pending_work.run_slice(account.pk, later, following.number).number == following.number + 1
    assert pending_work.run_slice(account.pk, later, following.number) is None


@pytest.mark.django_db(transaction=True)
def test_each_slice_is_a_task_that_requests_the_next(alice, short_slices, monkeypatch):
    asked = []
    monkeypatch.setattr(current_app, "send_task", lambda _name, args, **_: asked.append(args))
    account = transitions.enable(alice, timezone.now(), initial_content=3, initial_comments=30).account
    while asked:
        assert len(asked) == 1
        assert asked[0][0] == account.pk
        tasks.run_slice(*asked.pop())
    assert DemoAccount.objects.get().state == State.ACTIVE
    assert DemoAccount.objects.get().next_slice >= 2


def test_planning_that_reaches_its_time_limit_succeeds_without_a_broker(alice, monkeypatch, caplog):
    demo_of(alice, timezone.now() - 2 * DAY)
    monkeypatch.setattr(tasks, "MAX_PLANNING_TIME", timedelta(0))
    monkeypatch.setattr(
        redis_client, "breaker", open_breaker := CircuitBreaker(redis.ConnectionError, OSError)
    )
    with suppress(TimeoutError), open_breaker.guard():
        time.sleep(0.25)
        raise TimeoutError
    tasks.plan()
    messages = [record.getMessage() for record in caplog.records if record.name == "interactions.dispatch"]
    assert messages == [
        "The broker is unreachable (ConnectionError): 'plan continued' was not sent; it is sent again within a minute."
    ]


def test_an_advancing_demo_is_planned_and_delivered_only_by_its_slices(alice, bob, short_slices):
    """The plan and deliver tasks skip it, and requests that would interfere are refused."""
    for user in (alice, bob):
        demo_of(user)
    transitions.advance(alice, 5, NOW, request_worker=False)
    account = DemoAccount.objects.get(user=alice)
    following = pending_work.run_slice(account.pk, NOW)
    account.refresh_from_db()
    assert (account.advance_days, account.catching_up, account.is_advancing) == (0, True, True)
    before = state_and_rows(alice)
    assert plan_due(NOW + 12 * HOUR).windows == 1  # bob's
    deliver_due(NOW + 12 * HOUR)
    assert state_and_rows(alice) == before
    for ask in (
        lambda: transitions.pause(alice, NOW),
        lambda: transitions.advance(alice, 1, NOW, request_worker=False),
    ):
        with pytest.raises(transitions.InvalidState, match="skipping ahead"):
            ask()
    while following:
        following = pending_work.run_slice(account.pk, NOW, following.number)
    account.refresh_from_db()
    assert (account.is_advancing, plan_due(NOW).windows) == (False, 0)
    assert counts(alice)[0] == 3 + 2 * 4


@pytest.mark.django_db(transaction=True)
def test_one_demo_is_shifted_at_a_time_and_another_retries_later(alice):
    account = demo_of(alice)
    transitions.advance(alice, 2, NOW, request_worker=False)

    def shift() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [advance.SHIFT_LOCK])

    with locked_elsewhere(shift):
        waiting = pending_work.run_slice(account.pk, NOW)
        assert waiting == (1, 1)
        assert DemoAccount.objects.get().advance_days == 2
    run_all_slices(account.pk, NOW)
    assert not DemoAccount.objects.get().is_advancing


def test_planning_begins_nothing_after_its_time_limit_and_reports_it(alice):
    demo_of(alice)
    limited = plan_due(LONG_AGO, time_limit=timedelta(0))
    assert (limited.reached_time_limit, limited.windows) == (True, 0)
    complete = plan_due(LONG_AGO, time_limit=MINUTE)
    assert (complete.reached_time_limit, complete.windows) == (False, 25 + 6)


@pytest.mark.long
def test_accounts_with_the_smallest_backlog_are_planned_first(alice, bob, monkeypatch):
    for user, before in ((alice, 20 * DAY), (bob, 0 * DAY)):
        demo_of(user, NOW - before)
    monkeypatch.setattr(planning, "ACCOUNTS_PER_TRANSACTION", 1)
    monkeypatch.setattr(planning, "EVENTS_PER_TRANSACTION", 1)
    planned = []
    real = planning.plan_open_windows
    monkeypatch.setattr(
        planning, "plan_open_windows", lambda accounts, *_: planned.extend(accounts) or real(accounts, *_)
    )
    plan_due(FIRST_INTERACTIONS)
    assert [account.user for account in planned[:3]] == [bob, alice, alice]


def test_an_account_with_many_due_events_delays_others_by_one_batch(alice, bob, monkeypatch):
    """The first lookup reads only the earliest events; after it the accounts alternate."""
    for user in (alice, bob):
        account = transitions.enable(
            user, NOW, request_worker=False, initial_content=3, initial_comments=60
        ).account
        pending_work.plan_initial(account.pk, NOW)
    StoryEvent.objects.filter(account__user=bob).update(due_at=NOW - MINUTE)  # after all of alice's
    StoryEvent.objects.filter(account__user=alice).update(due_at=NOW - HOUR)
    monkeypatch.setattr(in_process, "EVENTS_PER_TRANSACTION", 20)
    done = []
    real = in_process.ingest
    owner = dict(StoryEvent.objects.values_list("profile", "account__user"))

    def ingest(arrivals, now):
        done.append({owner[arrival.profile_id] for arrival in arrivals})
        return real(arrivals, now)

    monkeypatch.setattr(in_process, "ingest", ingest)
    deliver_due(NOW)
    assert done.index({bob.pk}) <= 2
    assert len(done) > 8


def test_a_resume_request_older_than_the_pause_is_ignored(alice):
    """A process of an older release may pause an account without clearing the previous request."""
    account = demo_of(alice)
    transitions.pause(alice, NOW + HOUR)
    DemoAccount.objects.update(resume_requested_at=NOW)
    assert not DemoAccount.objects.get().is_resuming
    assert recovery.claim_stalled(NOW + DAY) == {}
    pending_work.run_to_completion(account.pk, NOW + DAY)
    assert DemoAccount.objects.get().state == State.PAUSED
