"""Plans windows: draws the events of every started window and writes them as story rows, exactly once.

Called by tasks (all accounts) and by the lifecycle (one account). A window is open when it has started and is not planned.
"""

import logging
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import partial
from inspect import getfullargspec
from math import inf

from django.db import transaction

from accounts.declarations import check_table
from demo import simulator
from demo.engine import story
from demo.engine.clock import Clock
from demo.engine.counts import Counts
from demo.engine.metrics import PLANNING
from demo.models import DemoAccount, State, StoryEvent
from demo.windows import CONTENT_WINDOWS, INTERACTION_WINDOWS, WINDOW_KINDS, WindowKind
from interactions.async_commit import async_commit
from interactions.db_errors import is_connection_lost
from interactions.error_references import log_failure

logger = logging.getLogger(__name__)

ACCOUNTS_PER_TRANSACTION = 50
# A transaction plans about this many events, or one window of each account if that is more.
EVENTS_PER_TRANSACTION = 3_000


@dataclass(frozen=True)
class PlanningResult(Counts):
    """How many windows and events a planning run wrote. Events with an origin of their own are not counted."""

    windows: int = 0
    content: int = 0
    comments: int = 0
    messages: int = 0
    reached_time_limit: bool = False

    @property
    def events(self) -> int:
        return self.content + self.comments + self.messages


@dataclass(frozen=True)
class OpenWindow:
    """One window to plan: its kind, its ordinal since enabling, and its start (UTC)."""

    kind: WindowKind
    ordinal: int
    start: datetime


@PLANNING.time()
def plan_due(now: datetime, *, time_limit: timedelta | None = None) -> PlanningResult:
    """Plan all windows of active accounts that are open at `now`; return what was written.

    It may run at any time, repeatedly and in parallel: a transaction locks up to 50 accounts, skips those that another
    run has locked, and stores the next windows together with the rows. Each round plans a few windows per account, the
    accounts with the latest next window first, so that an account with a long backlog does not delay others. Accounts
    that are catching up after an advance are skipped; their time slices plan them (`demo/lifecycle/pending_work.py`).

    After `time_limit` no further transaction begins, and the result has `reached_time_limit`.
    """
    total = PlanningResult()
    failed = set[int]()
    clock = Clock(now)
    while True:
        in_round = PlanningResult()
        for ids in _chunks(now, failed):
            if time_limit is not None and clock.elapsed >= time_limit:
                return total + in_round + PlanningResult(reached_time_limit=True)
            in_round += _plan_chunk(ids, now, failed)
        total += in_round
        if not in_round.windows:
            return total


def _chunks(now: datetime, failed: set[int]) -> Iterator[list[int]]:
    """The accounts with open windows, without those that failed, in chunks; within a chunk in the order of locking."""
    accounts = DemoAccount.objects.with_open_windows(now).filter(catching_up=False).exclude(pk__in=failed)
    ids = list(accounts.order_by("-earliest_start", "pk").values_list("pk", flat=True))
    yield from (
        sorted(ids[start : start + ACCOUNTS_PER_TRANSACTION])
        for start in range(0, len(ids), ACCOUNTS_PER_TRANSACTION)
    )


def _plan_chunk(ids: list[int], now: datetime, failed: set[int]) -> PlanningResult:
    """Plan a few windows of each account in one transaction; add the accounts that raise to `failed`."""
    try:
        with async_commit():
            return plan_open_windows(
                list(_locked(now).filter(pk__in=ids)), now, EVENTS_PER_TRANSACTION // ACCOUNTS_PER_TRANSACTION
            )
    except Exception as error:
        if is_connection_lost(error):
            raise
        logger.exception("Accounts %s could not be planned in one transaction; planning each alone", ids)
    return _plan_one_by_one(ids, now, failed)


def _locked(now: datetime):
    open_accounts = DemoAccount.objects.with_open_windows(now).order_by("id")
    return open_accounts.select_related("user").select_for_update(skip_locked=True, of=("self",))


def _plan_one_by_one(ids: list[int], now: datetime, failed: set[int]) -> PlanningResult:
    """Plan each account in a transaction of its own; store the error of those that raise in `last_error`."""
    total = PlanningResult()
    for id in ids:
        try:
            with transaction.atomic():
                total += plan_open_windows(list(_locked(now).filter(pk=id)), now, EVENTS_PER_TRANSACTION)
        except Exception as error:
            if is_connection_lost(error):
                raise
            sentence = log_failure(logger, "Account %d could not be planned", id)
            failed.add(id)
            DemoAccount.objects.filter(pk=id).update(last_error=f"Planning failed. {sentence}")
    return total


def plan_open_windows(
    accounts: list[DemoAccount],
    now: datetime,
    max_events: float = inf,
    *,
    not_before: datetime | None = None,
) -> PlanningResult:
    """Plan the open windows of `accounts`, which the caller has locked, and store their next windows.

    It stops after about `max_events` of each account; the other windows stay open, and planning them later gives the
    same events. If a window has an event before `not_before`, all its events move later so that the first is at that time.
    """
    starts = [account.next_window_start for account in accounts]
    if not starts or min(starts) > now:
        return PlanningResult()
    profiles = story.profile_ids_by_platform(accounts)
    past = story.load_past(profiles, min(starts))
    plans = []
    total = PlanningResult()
    for account in accounts:
        events, planned = _plan_account(account, now, past[account.id], max_events, not_before)
        plans.append((account, StoryEvent.Origin.WINDOW, events))
        total += planned
    story.insert_events(plans, profiles)
    DemoAccount.objects.store_next_windows(accounts)
    return total


def _plan_account(
    account: DemoAccount,
    now: datetime,
    past: list[simulator.SimulatedEvent],
    max_events: float,
    not_before: datetime | None,
) -> tuple[list[simulator.SimulatedEvent], PlanningResult]:
    """The events of the account's open windows; windows older than its retention are skipped."""
    planned: list[simulator.SimulatedEvent] = []
    total = PlanningResult()
    for window in _open_windows(account, now):
        if window.start < now - account.retention:
            continue
        events = draw_window(account, window, past + planned)
        if not_before is not None:
            events = _moved_to(not_before, events)
        planned += events
        counts = _counted(events)
        total += counts
        transaction.on_commit(partial(_log, account, window, counts))
        if total.events >= max_events:
            break
    return planned, total


def _moved_to(start: datetime, events: list[simulator.SimulatedEvent]) -> list[simulator.SimulatedEvent]:
    """The events, all moved later by the same time if the first is before `start`."""
    delay = max([start - event.at for event in events], default=timedelta(0))
    return [event._replace(at=event.at + delay) for event in events] if delay > timedelta(0) else events


def _open_windows(account: DemoAccount, now: datetime) -> Iterator[OpenWindow]:
    """The open windows in order of start. Each step sets the account's columns to the window that follows."""
    while account.next_window_start <= now:
        kind = min(WINDOW_KINDS.values(), key=account.start_of_next)
        window = OpenWindow(kind, getattr(account, kind.ordinal_column), account.start_of_next(kind))
        setattr(account, kind.ordinal_column, window.ordinal + 1)
        setattr(account, kind.next_window_column, window.start + kind.length)
        yield window


def quotas_of_open_windows(account: DemoAccount, now: datetime) -> int:
    """How many events the quotas of the account's open windows add up to, without windows older than its retention."""
    return sum(
        sum(account.quotas(kind).values()) * _count_open(account, kind, now) for kind in WINDOW_KINDS.values()
    )


def _count_open(account: DemoAccount, kind: WindowKind, now: datetime) -> int:
    """How many windows of the kind are open and within the retention."""
    return max(min(now - account.start_of_next(kind), account.retention) // kind.length + 1, 0)


def plan_account(account_id: int, now: datetime) -> PlanningResult:
    """Plan every open window of one active account, in transactions as short as those of `plan_due`."""
    total = PlanningResult()
    while (planned := plan_next_windows(account_id, now, EVENTS_PER_TRANSACTION)).windows:
        total += planned
    return total


def plan_next_windows(account_id: int, now: datetime, max_events: int) -> PlanningResult:
    """Plan the next open windows of one active account, about `max_events` events, in one transaction."""
    with async_commit():
        accounts = DemoAccount.objects.with_open_windows(now).select_related("user").filter(pk=account_id)
        return plan_open_windows(list(accounts.select_for_update(of=("self",))), now, max_events)


def draw_window(
    account: DemoAccount, window: OpenWindow, past: list[simulator.SimulatedEvent]
) -> list[simulator.SimulatedEvent]:
    """The events of one window. They depend only on seed, settings, ordinal, start and the past within the retention."""
    horizon = window.start - account.retention
    recent = [event for event in past if event.at >= horizon]
    return _DRAW_FUNCTIONS[window.kind.name](account, window, recent, **account.quotas(window.kind))


def _draw_content(
    account: DemoAccount, window: OpenWindow, past: list[simulator.SimulatedEvent], *, content_per_day: int
) -> list[simulator.SimulatedEvent]:
    return simulator.content_window(account.world, window.ordinal, window.start, content_per_day, past)


def _draw_interactions(
    account: DemoAccount,
    window: OpenWindow,
    past: list[simulator.SimulatedEvent],
    *,
    comments_per_window: int,
    messages_per_window: int,
) -> list[simulator.SimulatedEvent]:
    quotas = comments_per_window, messages_per_window
    return simulator.interactions_window(account.world, window.ordinal, window.start, *quotas, past)


# The keyword arguments of each are the quotas of the kind.
_DRAW_FUNCTIONS = {CONTENT_WINDOWS.name: _draw_content, INTERACTION_WINDOWS.name: _draw_interactions}
check_table("_DRAW_FUNCTIONS in demo/engine/planning.py", _DRAW_FUNCTIONS, WINDOW_KINDS)
for _kind in WINDOW_KINDS.values():
    _drawn = getfullargspec(_DRAW_FUNCTIONS[_kind.name]).kwonlyargs
    check_table(f"The tuple `quotas` of {_kind.name} windows in demo/windows.py", _kind.quotas, _drawn)


def plan_initial(account_id: int, now: datetime) -> bool:
    """Write the initial batch of an enabling account; False when it is planned already or the state has changed."""
    with transaction.atomic():
        account = (
            DemoAccount.objects.select_related("user")
            .select_for_update(of=("self",))
            .filter(pk=account_id, state=State.ENABLING, planned_at=None)
            .first()
        )
        if account is None:
            return False
        events = simulator.initial_batch(
            account.world, account.initial_quota, account.user.demo_mode_enabled_at
        )
        profiles = story.profile_ids_by_platform([account])
        story.insert_events([(account, StoryEvent.Origin.INITIAL, events)], profiles)
        account.planned_at = now
        account.save(update_fields=["planned_at"])
        return True


def _counted(events: list[simulator.SimulatedEvent]) -> PlanningResult:
    """The counts of one window, of the events that count against its quotas."""
    types = [event.type for event in events if not event.origin]
    return PlanningResult(
        windows=1,
        content=types.count(StoryEvent.Type.CONTENT),
        comments=types.count(StoryEvent.Type.COMMENT),
        messages=types.count(StoryEvent.Type.MESSAGE),
    )


def _log(account: DemoAccount, window: OpenWindow, counts: PlanningResult) -> None:
    logger.info(_LOG_LINES[window.kind.name], asdict(counts) | {"user": account.user.username})


_LOG_LINES = {
    CONTENT_WINDOWS.name: "Generated %(content)d new content pieces for user %(user)s",
    INTERACTION_WINDOWS.name: "Generated %(comments)d comments and %(messages)d DMs for user %(user)s",
}
check_table("_LOG_LINES in demo/engine/planning.py", _LOG_LINES, WINDOW_KINDS)
