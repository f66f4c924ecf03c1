"""Work that a transition leaves to do, taken up by a task at once or, after a crash, by the sweep."""

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import transaction

from demo.clock import Clock
from demo.delivery import activate_complete, deliver_due
from demo.failures import log_failure
from demo.fast_forward import advance
from demo.heartbeat import Heartbeat
from demo.models import DemoAccount, State, StoryEvent
from demo.planning import plan_initial
from demo.removal import remove_demo
from interactions.connection import LOST_CONNECTION

logger = logging.getLogger(__name__)

SILENT_AFTER = timedelta(seconds=30)
LONGEST_WAIT = timedelta(minutes=2)


def finish(account_id: int, now: datetime) -> None:
    """Do what the account's state asks for, until nothing is left that can be done now.

    A lost database connection leaves the account as it is, for the sweep. After any other error `last_error` says why:
    enabling has failed, advancing is given up, and removing is tried again by the sweep.
    """
    account = DemoAccount.objects.select_related("user").filter(pk=account_id).first()
    if account is None:
        return
    if account.state == State.DISABLING:
        _attempt(remove_demo, account, now)
        account.refresh_from_db()
    if account.state == State.ENABLING:
        _attempt(_enable, account, now, state=State.FAILED)
    elif account.state == State.ACTIVE and account.advance_days:
        _attempt(advance, account, now, advance_days=0)


def finish_here(account_id: int, now: datetime) -> DemoAccount:
    """Do the same in this process to the end, beside any workers, and return the account as it is then."""
    clock = Clock(now)
    finish(account_id, now)
    while _wait_for_others(account_id, now) and clock.elapsed < LONGEST_WAIT:
        finish(account_id, now)
    activate_complete([account_id])
    return DemoAccount.objects.select_related("user").get(pk=account_id)


def _wait_for_others(account_id: int, now: datetime) -> bool:
    """Wait for workers that deliver the account's initial batch; whether any of it is left that may still arrive."""
    left = StoryEvent.objects.undelivered().filter(account=account_id, account__state=State.ENABLING)
    with transaction.atomic():
        due = left.filter(due_at__lte=now, attempts=0).order_by("pk").select_for_update(of=("self",))
        waiting = list(due.values_list("claimed_until", flat=True))
    if waiting and all(waiting):
        time.sleep(0.2)  # all of it is on its way over HTTP
    return bool(waiting)


def claim_silent(now: datetime) -> list[int]:
    """The accounts whose worker has been silent for 30 s, each claimed by a fresh heartbeat for one caller only."""
    silent = DemoAccount.objects.silent_since(now - SILENT_AFTER)
    return [
        id
        for id in silent.values_list("pk", flat=True)
        if DemoAccount.objects.silent_since(now - SILENT_AFTER).filter(pk=id).update(heartbeat_at=now)
    ]


def _enable(account: DemoAccount, now: datetime) -> None:
    Heartbeat(account, State.ENABLING, now)()
    plan_initial(account.pk, now)
    deliver_due(now, [account.pk])


def _attempt(
    work: Callable[[DemoAccount, datetime], object],
    account: DemoAccount,
    now: datetime,
    **if_it_fails: object,
) -> None:
    try:
        work(account, now)
    except LOST_CONNECTION:
        raise
    except Exception:
        who, state = account.user.username, account.state
        told = log_failure(logger, "The demo of user %s could not be finished while %s", who, state)
        DemoAccount.objects.filter(pk=account.pk, state=state).update(last_error=told, **if_it_fails)
