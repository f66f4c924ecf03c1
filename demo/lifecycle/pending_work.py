"""Does the work that a change of state leaves to do: fills an enabled demo, removes a disabled one, resumes, advances.

The account's row stores what is pending, so a lost message or a dead worker only delays it until the next sweep.
Workers do it in time slices, each in a task of its own: the first slice suffices for an ordinary demo, and the short ones
after it let other accounts' work run in between.
"""

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import transaction

from demo.engine import backlog
from demo.engine.clock import Clock
from demo.engine.delivery import activate_complete, deliver_due
from demo.engine.planning import plan_initial
from demo.lifecycle.advance import advance
from demo.lifecycle.removal import remove_demo
from demo.lifecycle.resume import end_pause
from demo.lifecycle.time_slice import TimeSlice, TimeSliceOver
from demo.models import DemoAccount, State, StoryEvent
from interactions.db_errors import DATABASE_UNAVAILABLE
from interactions.error_references import log_failure

logger = logging.getLogger(__name__)

FIRST_SLICE, LATER_SLICE = timedelta(seconds=2), timedelta(milliseconds=250)
MAX_WAIT = timedelta(minutes=2)


class NextSlice(NamedTuple):
    """The number of the slice that an account's work needs next, and in how many seconds to run it."""

    number: int
    after: float = 0


def run_slice(account_id: int, now: datetime, number: int | None = None) -> NextSlice | None:
    """Run one time slice of the account's work; return the next one when more is left to do.

    Each number runs once: of several messages with the same number only the first does any work. Without a number it
    runs the slice that is next.
    """
    account = DemoAccount.objects.filter(pk=account_id)
    found = account.values_list("next_slice", "heartbeat_at").first()
    if found is None or number not in (None, found[0]):
        return None
    number, heartbeat_at = found
    if not account.filter(next_slice=number).update(next_slice=number + 1):
        return None
    try:
        _work(account_id, now, LATER_SLICE if heartbeat_at else FIRST_SLICE)
    except TimeSliceOver as over:
        return NextSlice(number + 1, over.after)
    return None


def run_to_completion(account_id: int, now: datetime) -> None:
    """Do what the account's state asks for, until nothing is left that can be done now.

    A lost database connection leaves the account as it is, for the sweep. After any other error `last_error` says why:
    enabling has failed, advancing is given up, and removing and resuming are tried again by the sweep.
    """
    _work(account_id, now)


def run_and_wait_for_workers(account_id: int, now: datetime) -> DemoAccount:
    """Like `run_to_completion`, and wait for workers that deliver parts of the initial batch.

    Returns the account as it is then.
    """
    clock = Clock(now)
    run_to_completion(account_id, now)
    while _wait_for_workers(account_id, now) and clock.elapsed < MAX_WAIT:
        run_to_completion(account_id, now)
    activate_complete([account_id])
    return DemoAccount.objects.select_related("user").get(pk=account_id)


def _work(account_id: int, now: datetime, duration: timedelta | None = None) -> None:
    account = DemoAccount.objects.select_related("user").filter(pk=account_id).first()
    if account is None:
        return
    time_slice = TimeSlice(account, now, duration)
    if account.state == State.DISABLING:
        _attempt(remove_demo, account, time_slice)
        account.refresh_from_db()
        time_slice.follow_state()
    if account.state == State.ENABLING:
        _attempt(_fill, account, time_slice, state=State.FAILED)
    elif account.is_resuming:
        _attempt(end_pause, account, time_slice)
    elif account.is_advancing:
        _attempt(advance, account, time_slice, advance_days=0, catching_up=False)


def _attempt(
    work: Callable[[DemoAccount, TimeSlice], object],
    account: DemoAccount,
    time_slice: TimeSlice,
    **on_failure: object,
) -> None:
    """Do the work; after an error set the columns of `on_failure`, and `last_error` to a sentence for the user."""
    try:
        work(account, time_slice)
    except (TimeSliceOver, *DATABASE_UNAVAILABLE):
        raise
    except Exception:
        name = account.user.username
        state = account.state
        sentence = log_failure(logger, "The work for the demo of user %s in state %s failed", name, state)
        DemoAccount.objects.filter(pk=account.pk, state=state).update(last_error=sentence, **on_failure)


def _fill(account: DemoAccount, time_slice: TimeSlice) -> None:
    """Plan the initial batch, unless that is done, and deliver its due events."""
    time_slice.begin_step()
    plan_initial(account.pk, time_slice.start)
    if deliver_due(time_slice.start, [account.pk], time_limit=time_slice.time_left):
        backlog.note_delivery()
    if DemoAccount.objects.filter(pk=account.pk, state=State.ENABLING).exists():
        time_slice.begin_step()  # raises TimeSliceOver, unless what is left waits for a retry or for another worker


def _wait_for_workers(account_id: int, now: datetime) -> bool:
    """Wait for workers that deliver the account's initial batch; return whether any of it may still be delivered."""
    undelivered = StoryEvent.objects.undelivered().filter(account=account_id, account__state=State.ENABLING)
    with transaction.atomic():
        due = undelivered.filter(due_at__lte=now, attempts=0).order_by("pk").select_for_update(of=("self",))
        leases = list(due.values_list("claimed_until", flat=True))
    if leases and all(leases):
        time.sleep(0.2)  # every event is leased to a worker that delivers over HTTP
    return bool(leases)
