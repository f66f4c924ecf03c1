"""Work that a transition leaves to do, taken up by a task at once or, after a crash, by the sweep.

A worker does it in turns, each in a task of its own: a first one in which an ordinary demo is filled or removed, and then
short ones, so that nobody's work waits long for another's. What is left to do stands in the tables alone.
"""

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import transaction

from demo import backlog
from demo.clock import Clock
from demo.delivery import activate_complete, deliver_due
from demo.failures import log_failure
from demo.fast_forward import advance
from demo.models import DemoAccount, State, StoryEvent
from demo.planning import plan_initial
from demo.removal import remove_demo
from demo.resuming import go_on
from demo.turns import Turn, TurnIsOver
from interactions.connection import LOST_CONNECTION

logger = logging.getLogger(__name__)

FIRST_TURN, TURN = timedelta(seconds=2), timedelta(milliseconds=250)
SILENT_AFTER = timedelta(seconds=30)
LONGEST_WAIT = timedelta(minutes=2)


class Next(NamedTuple):
    """The number of the turn that an account's work takes next, and in how many seconds."""

    turn: int
    after: float = 0


def take_turn(account_id: int, now: datetime, turn: int | None = None) -> Next | None:
    """Take one turn at the account's work; return the next when more is left to do.

    Each turn is taken once: of several messages that name the same one, one does its work. Without a number it is the
    one that is next.
    """
    mine = DemoAccount.objects.filter(pk=account_id)
    found = mine.values_list("turn", "heartbeat_at").first()
    if (
        found is None
        or turn not in (None, found[0])
        or not mine.filter(turn=found[0]).update(turn=found[0] + 1)
    ):
        return None
    turn, heartbeat_at = found
    try:
        _work(account_id, Turn(now, TURN if heartbeat_at else FIRST_TURN))
    except TurnIsOver as over:
        return Next(turn + 1, over.after)
    return None


def finish(account_id: int, now: datetime) -> None:
    """Do what the account's state asks for, until nothing is left that can be done now.

    A lost database connection leaves the account as it is, for the sweep. After any other error `last_error` says why:
    enabling has failed, advancing is given up, and removing and resuming are tried again by the sweep.
    """
    _work(account_id, Turn(now))


def _work(account_id: int, turn: Turn) -> None:
    account = DemoAccount.objects.select_related("user").filter(pk=account_id).first()
    if account is None:
        return
    if account.state == State.DISABLING:
        _attempt(remove_demo, account, turn)
        account.refresh_from_db()
    if account.state == State.ENABLING:
        _attempt(_enable, account, turn, state=State.FAILED)
    elif account.is_resuming:
        _attempt(go_on, account, turn)
    elif account.is_advancing:
        _attempt(advance, account, turn, advance_days=0, catching_up=False)


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


def claim_silent(now: datetime) -> dict[int, int]:
    """The accounts whose worker has been silent for 30 s, each with the turn that is next.

    Each is claimed by a fresh heartbeat for one caller only. One that only waits for its turn in a long queue is asked for
    again, which gains it nothing: of two messages with the same turn one is void.
    """
    silent = DemoAccount.objects.silent_since(now - SILENT_AFTER)
    return {
        id: turn
        for id, turn in silent.values_list("pk", "turn")
        if DemoAccount.objects.silent_since(now - SILENT_AFTER).filter(pk=id).update(heartbeat_at=now)
    }


def _enable(account: DemoAccount, turn: Turn) -> None:
    turn()
    plan_initial(account.pk, turn.start)
    if deliver_due(turn.start, [account.pk], within=turn.left):
        backlog.note_delivery()
    if DemoAccount.objects.filter(pk=account.pk, state=State.ENABLING).exists():
        turn()  # is over, unless what is left waits for something else


def _attempt(
    work: Callable[[DemoAccount, Turn], object],
    account: DemoAccount,
    turn: Turn,
    **if_it_fails: object,
) -> None:
    try:
        work(account, turn.of(account))
    except (TurnIsOver, *LOST_CONNECTION):
        raise
    except Exception:
        who, state = account.user.username, account.state
        told = log_failure(logger, "The demo of user %s could not be finished while %s", who, state)
        DemoAccount.objects.filter(pk=account.pk, state=state).update(last_error=told, **if_it_fails)
