"""Switching demo mode on, off and back: `off -> enabling -> active <-> paused`, anything but off `-> disabling -> off`.

Each transition is one conditional UPDATE whose row count says who won. What is left to do afterwards stands in the
account's row, so a lost message only costs the time until the next sweep.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.models import User
from demo.engine.planning import EVENTS_PER_TRANSACTION, plan_open_windows, quotas_of_open_windows
from demo.exceptions import InvalidOption, InvalidState
from demo.lifecycle import activation
from demo.lifecycle.dispatch import request_slice
from demo.lifecycle.locking import locked_account
from demo.lifecycle.options import changes, check_options
from demo.lifecycle.row_limit import check_room, check_settings
from demo.models import DemoAccount, State, StoryEvent
from interactions.models import Content, Interaction

ON = (State.ENABLING, State.ACTIVE, State.PAUSED)
MAX_DAYS = 30
MAX_HELD = 5_000  # events that a web request holds back; a demo that is not behind has fewer to come
LATEST = 20  # events that say whether a demo is stored here


@dataclass(frozen=True)
class Transition:
    """The account after a request, and whether the request started anything."""

    account: DemoAccount
    started: bool


def enable(user: User, now: datetime, *, dispatch: bool = True, **options: Any) -> Transition:
    """Switch demo mode on; the initial batch follows in the background, or at once by `finish` without `dispatch`.

    `options` may set platforms, niche, brand (empty: an invented one), products, language, rhythm, viral_spikes, seed and the
    initial_… sizes.
    Raises InvalidOption with a sentence; InvalidState while the demo is being removed, and when they would change one that
    failed after its story was planned.
    """
    check_options(options)
    with locked_account(user) as account:
        columns = changes(account, options)
        if account.state == State.FAILED and account.planned_at:
            _refuse_changes(account, {name: columns[name] for name in options if options[name] is not None})
        if activation.begin(account, now, columns):
            return _started(account, dispatch)
    if account.state == State.DISABLING:
        raise InvalidState("The demo is still being removed; enable it again when its state is off.")
    return Transition(account, started=False)


def _refuse_changes(account: DemoAccount, columns: dict[str, Any]) -> None:
    """Raise InvalidState when one of the columns is not as it was."""
    changed = [name for name, value in columns.items() if value != getattr(account, name)]
    if changed:
        raise InvalidState(
            f"The demo failed when its story was planned already, so {', '.join(changed)} cannot change any more;"
            " enable it without them to go on, or disable it first."
        )


def disable(user: User, *, dispatch: bool = True) -> Transition:
    """Switch demo mode off; its rows go in the background. An account that is off stays so."""
    return _remove(user, dispatch, reset=False)


def reset(user: User, *, dispatch: bool = True) -> Transition:
    """Remove the demo and tell the same story again from the beginning; InvalidState while off or being removed."""
    transition = _remove(user, dispatch, reset=True)
    if not transition.started:
        raise InvalidState(f"Demo mode is {transition.account.state}; there is nothing to reset.")
    return transition


def _remove(user: User, dispatch: bool, reset: bool) -> Transition:
    with locked_account(user) as account:
        mine = DemoAccount.objects.filter(pk=account.pk)
        if mine.filter(state__in=[*ON, State.FAILED]).update(
            state=State.DISABLING,
            reset_requested=reset,
            heartbeat_at=None,
            paused_at=None,
            resume_requested_at=None,
            resumed_to=0,
            advance_days=0,
            catching_up=False,
            last_error="",
        ):
            return _started(account, dispatch)
        if not reset:  # switching off wins over a reset that is under way
            mine.filter(state=State.DISABLING).update(reset_requested=False)
    account.refresh_from_db()
    return Transition(account, started=False)


def pause(user: User, now: datetime) -> Transition:
    """Hold the story; windows already open are planned first.

    InvalidState unless active or paused, while advancing or resuming, and while more is under way than a web request
    should move.
    """
    with locked_account(user) as account:
        if account.is_resuming:
            raise InvalidState("The demo is resuming; pause it when it is active.")
        if account.state == State.PAUSED:
            return Transition(account, started=False)
        if account.state != State.ACTIVE:
            raise InvalidState(f"Demo mode is {account.state}; only an active demo can be paused.")
        if account.is_advancing:
            raise InvalidState("The demo is advancing; pause it when it has arrived.")
        plan_what_is_open(account, now)
        to_come = StoryEvent.objects.undelivered_by_account().filter(account=account)
        if to_come[:MAX_HELD].count() == MAX_HELD:
            raise InvalidState("Too much of the demo is on its way; pause it when it has arrived.")
        to_come.update(held=True)
        DemoAccount.objects.filter(pk=account.pk).update(
            state=State.PAUSED, paused_at=now, resume_requested_at=None, resumed_to=0
        )
    account.refresh_from_db()
    return Transition(account, started=True)


def resume(user: User, now: datetime, *, dispatch: bool = True) -> Transition:
    """Ask for a pause to end as of `now`; the demo reads paused until a worker has moved its story on.

    Everything held, and what later draws look back on, then comes later by the pause; windows are left out, as many as it
    has room for. InvalidState unless active or paused.
    """
    with locked_account(user) as account:
        if account.state == State.ACTIVE or account.is_resuming:
            return Transition(account, started=False)
        if account.state != State.PAUSED:
            raise InvalidState(f"Demo mode is {account.state}; only a paused demo can be resumed.")
        DemoAccount.objects.filter(pk=account.pk).update(
            resume_requested_at=max(now, account.paused_at), resumed_to=0, heartbeat_at=None
        )
        return _started(account, dispatch)


def change_settings(user: User, now: datetime, changes: dict[str, Any]) -> DemoAccount:
    """Change validated settings from the next window on; windows already open are planned with the old ones.

    Raises InvalidOption when a demo with these settings would outgrow DEMO_MAX_ROWS, unless it does not become larger than
    it is.
    """
    with locked_account(user) as account:
        check_settings(account, changes)
        if account.state == State.ACTIVE:
            plan_what_is_open(account, now)
        DemoAccount.objects.filter(pk=account.pk).update(**changes)
    account.refresh_from_db()
    return account


def advance(user: User, days: int, now: datetime, *, dispatch: bool = True) -> Transition:
    """Let an active demo live through `days` whole days at once, in the background.

    Raises InvalidOption for a wrong number. InvalidState unless active, above the ceiling of rows, while something is on its
    way over HTTP, and where what was delivered lies in another installation.
    """
    with locked_account(user) as account:
        most = min(MAX_DAYS, account.retention_days)
        if not 1 <= days <= most:
            why = "" if most == MAX_DAYS else ", the demo's retention"
            raise InvalidOption(f"days must be a whole number from 1 to {most}{why}.")
        if account.state != State.ACTIVE or account.is_advancing:
            raise InvalidState(
                f"Demo mode is {account.state}; only an active demo that is not advancing can advance."
            )
        check_room(account)
        if StoryEvent.objects.filter(account=account).leased(now).exists():
            raise InvalidState("Events of this demo are on their way; advance it when they have arrived.")
        if _lives_elsewhere(account):
            raise InvalidState(
                "The demo's rows lie in another installation (MAIN_APP_URL); it cannot advance."
            )
        DemoAccount.objects.filter(pk=account.pk).update(advance_days=days, heartbeat_at=None)
        return _started(account, dispatch)


def _lives_elsewhere(account: DemoAccount) -> bool:
    """Whether events were delivered and none of the latest is stored here; one may have been rejected."""
    told = StoryEvent.objects.filter(account=account, delivered_at__isnull=False, expired_at=None)
    latest = told.exclude(type=StoryEvent.Type.METRICS).order_by("-due_at", "-id")[:LATEST]
    ids = list(latest.values_list("platform_id", flat=True))
    own = {"profile__in": account.profiles, "platform_id__in": ids}
    stored = (model.objects.filter(**own).exists() for model in (Interaction, Content))
    return bool(ids) and not any(stored)


def plan_before_cleanup(user: User, now: datetime) -> None:
    """Plan the windows that a cleanup from a web request would plan; InvalidState while advancing, and for too many."""
    with locked_account(user) as account:
        if account.is_advancing:
            raise InvalidState("The demo is advancing; clean it up when it has arrived.")
        if account.state == State.ACTIVE:
            plan_what_is_open(account, now)


def plan_what_is_open(account: DemoAccount, now: datetime) -> None:
    """Plan what the old settings still decide; InvalidState when that is more than a web request should do.

    What the quotas bring is known before any of it is planned, which would be taken back; natural rhythm may bring more.
    """
    if quotas_of_open_windows(account, now) < EVENTS_PER_TRANSACTION:
        plan_open_windows([account], now, EVENTS_PER_TRANSACTION)
    if account.next_window_start <= now:
        raise InvalidState("The demo is still catching up; try again in a moment.")


def _started(account: DemoAccount, dispatch: bool) -> Transition:
    account.refresh_from_db()
    if dispatch:
        transaction.on_commit(lambda: request_slice(account.pk, account.next_slice))
    return Transition(account, started=True)
