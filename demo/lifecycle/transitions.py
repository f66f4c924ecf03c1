"""The state machine of demo mode: `off -> enabling -> active <-> paused`, and any state but off `-> disabling -> off`.

Called by the API, pages, admin and commands. Each transition is one conditional UPDATE: of parallel requests only the one
whose UPDATE matches a row starts anything. The account's row stores what work is pending, so a lost message
only delays the work until the next sweep. `demo.lifecycle.pending_work` does the work.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from demo.engine.planning import EVENTS_PER_TRANSACTION, plan_open_windows, quotas_of_open_windows
from demo.exceptions import InvalidOption, InvalidState
from demo.lifecycle import activation
from demo.lifecycle.dispatch import request_slice
from demo.lifecycle.locking import check_active, locked_account
from demo.lifecycle.options import check_options, columns_for
from demo.lifecycle.row_limit import check_row_limit, check_settings
from demo.models import DemoAccount, State, StoryEvent
from interactions.models import Content, Interaction

ON = (State.ENABLING, State.ACTIVE, State.PAUSED)
MAX_ADVANCE_DAYS = 30
MAX_HELD_EVENTS = 5_000  # that a pause may hold; a demo without a backlog has fewer undelivered events
EVENTS_CHECKED = 20  # delivered events that are looked up in the inbox


@dataclass(frozen=True)
class Transition:
    """The account after a request, and whether the request started anything."""

    account: DemoAccount
    started: bool


def enable(user: User, now: datetime, *, request_worker: bool = True, **options: Any) -> Transition:
    """Switch demo mode on. A worker then plans and delivers the initial batch; without `request_worker` the caller does.

    `options` may have platforms, niche, brand (empty: an invented one), products, language, rhythm, viral_spikes, seed
    and the initial_… sizes. Raises InvalidOption for a wrong one. Raises InvalidState while the demo is being removed,
    and when an option differs from a demo that failed after its story was planned.
    """
    check_options(options)
    with locked_account(user) as account:
        columns = columns_for(account, options)
        if account.state == State.FAILED and account.planned_at:
            _refuse_changes(account, {name: columns[name] for name in options if options[name] is not None})
        if activation.start_activation(account, now, columns):
            return _request_work(account, request_worker)
    if account.state == State.DISABLING:
        raise InvalidState(_("The demo is still being removed; enable it again when its state is off."))
    return Transition(account, started=False)


def _refuse_changes(account: DemoAccount, columns: dict[str, Any]) -> None:
    """Raise InvalidState when a value differs from the account's."""
    changed = [name for name, value in columns.items() if value != getattr(account, name)]
    if changed:
        raise InvalidState(
            _(
                "The demo failed after its story was planned, so %(options)s cannot change any more;"
                " enable it without them to continue, or disable it first."
            )
            % {"options": ", ".join(changed)}
        )


def disable(user: User, *, request_worker: bool = True) -> Transition:
    """Switch demo mode off; a worker deletes its rows. Does nothing if it is off."""
    return _remove(user, request_worker, reset=False)


def reset(user: User, *, request_worker: bool = True) -> Transition:
    """Delete the demo and enable it again with the same story. Raises InvalidState while off or being removed."""
    transition = _remove(user, request_worker, reset=True)
    if not transition.started:
        state = transition.account.state
        raise InvalidState(_("Demo mode is %(state)s; there is nothing to reset.") % {"state": state})
    return transition


def _remove(user: User, request_worker: bool, reset: bool) -> Transition:
    with locked_account(user) as account:
        row = DemoAccount.objects.filter(pk=account.pk)
        if row.filter(state__in=[*ON, State.FAILED]).update(
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
            return _request_work(account, request_worker)
        if not reset:  # disabling overrides a reset in progress
            row.filter(state=State.DISABLING).update(reset_requested=False)
    account.refresh_from_db()
    return Transition(account, started=False)


def pause(user: User, now: datetime) -> Transition:
    """Pause an active demo: plan its open windows, then hold all undelivered events. Does nothing if it is paused.

    Raises InvalidState in other states, while advancing or resuming, and when too many events are planned or undelivered
    for a web request.
    """
    with locked_account(user) as account:
        if account.is_resuming:
            raise InvalidState(_("The demo is resuming; pause it when it is active."))
        if account.state == State.PAUSED:
            return Transition(account, started=False)
        if account.state != State.ACTIVE:
            raise InvalidState(
                _("Demo mode is %(state)s; only an active demo can be paused.") % {"state": account.state}
            )
        if account.is_advancing:
            raise InvalidState(_("The demo is skipping ahead; pause it when it has finished."))
        plan_open_windows_or_refuse(account, now)
        undelivered = StoryEvent.objects.undelivered_by_account_index().filter(account=account)
        if undelivered[:MAX_HELD_EVENTS].count() == MAX_HELD_EVENTS:
            raise InvalidState(
                _("The demo has too many undelivered events; pause it when they are delivered.")
            )
        undelivered.update(held=True)
        DemoAccount.objects.filter(pk=account.pk).update(
            state=State.PAUSED, paused_at=now, resume_requested_at=None, resumed_to=0
        )
    account.refresh_from_db()
    return Transition(account, started=True)


def resume(user: User, now: datetime, *, request_worker: bool = True) -> Transition:
    """Request the end of a pause as of `now`. The state stays paused until a worker has moved the story later.

    All events, held or delivered, move by the length of the pause; windows within it are skipped. Does nothing if
    the demo is active or resuming. Raises InvalidState in other states.
    """
    with locked_account(user) as account:
        if account.state == State.ACTIVE or account.is_resuming:
            return Transition(account, started=False)
        if account.state != State.PAUSED:
            raise InvalidState(
                _("Demo mode is %(state)s; only a paused demo can be resumed.") % {"state": account.state}
            )
        DemoAccount.objects.filter(pk=account.pk).update(
            resume_requested_at=max(now, account.paused_at), resumed_to=0, heartbeat_at=None
        )
        return _request_work(account, request_worker)


def change_settings(user: User, now: datetime, changes: dict[str, Any]) -> DemoAccount:
    """Change validated settings for the windows that start after `now`; open windows are planned with the old settings.

    Raises InvalidOption when the new settings exceed DEMO_MAX_ROWS and are larger than the old ones.
    """
    with locked_account(user) as account:
        check_settings(account, changes)
        if account.state == State.ACTIVE:
            plan_open_windows_or_refuse(account, now)
        DemoAccount.objects.filter(pk=account.pk).update(**changes)
    account.refresh_from_db()
    return account


def advance(user: User, days: int, now: datetime, *, request_worker: bool = True) -> Transition:
    """Request that an active demo advances by `days` whole days; a worker does it.

    Raises InvalidOption for a wrong number. Raises InvalidState unless the demo is active, not advancing and below its
    row limit, while events are leased for HTTP, and when its events are delivered to another installation.
    """
    with locked_account(user) as account:
        max_days = min(MAX_ADVANCE_DAYS, account.retention_days)
        if not 1 <= days <= max_days:
            sentence = _("days must be a whole number from 1 to %(most)d.")
            if max_days < MAX_ADVANCE_DAYS:
                sentence = _("days must be a whole number from 1 to %(most)d, the demo's retention.")
            raise InvalidOption(sentence % {"most": max_days})
        check_active(account)
        check_row_limit(account)
        if StoryEvent.objects.filter(account=account).leased(now).exists():
            raise InvalidState(
                _("Events of this demo are being delivered; advance it when they have arrived.")
            )
        if _is_stored_elsewhere(account):
            raise InvalidState(
                _("The demo's rows are in another installation (MAIN_APP_URL); it cannot advance.")
            )
        DemoAccount.objects.filter(pk=account.pk).update(advance_days=days, heartbeat_at=None)
        return _request_work(account, request_worker)


def _is_stored_elsewhere(account: DemoAccount) -> bool:
    """Whether none of the latest delivered events is in this database; checks several, as one may be rejected."""
    delivered = StoryEvent.objects.filter(account=account, delivered_at__isnull=False, expired_at=None)
    latest = delivered.exclude(type=StoryEvent.Type.METRICS).order_by("-due_at", "-id")[:EVENTS_CHECKED]
    ids = list(latest.values_list("platform_id", flat=True))
    rows = {"profile__in": account.profiles, "platform_id__in": ids}
    return bool(ids) and not any(model.objects.filter(**rows).exists() for model in (Interaction, Content))


def plan_before_cleanup(user: User, now: datetime) -> None:
    """Plan the open windows before a cleanup in a web request.

    Raises InvalidState while the demo is advancing, and when they have too many events for a web request.
    """
    with locked_account(user) as account:
        if account.is_advancing:
            raise InvalidState(_("The demo is skipping ahead; clean it up when it has finished."))
        if account.state == State.ACTIVE:
            plan_open_windows_or_refuse(account, now)


def plan_open_windows_or_refuse(account: DemoAccount, now: datetime) -> None:
    """Plan the open windows of a locked account. Raises InvalidState when they have too many events for a web request.

    The quotas are checked before anything is planned, as an exception rolls the planning back. Natural rhythm may bring
    more events than the quotas.
    """
    if quotas_of_open_windows(account, now) < EVENTS_PER_TRANSACTION:
        plan_open_windows([account], now, EVENTS_PER_TRANSACTION)
    if account.next_window_start <= now:
        raise InvalidState(
            _("The demo has more open windows than a request can plan; try again in a moment.")
        )


def _request_work(account: DemoAccount, request_worker: bool) -> Transition:
    """The result of a transition that started something; with `request_worker` a worker is asked for the pending work."""
    account.refresh_from_db()
    if request_worker:
        transaction.on_commit(lambda: request_slice(account.pk, account.next_slice))
    return Transition(account, started=True)
