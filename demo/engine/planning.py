"""Deciding what will happen: windows whose start has come become story rows, exactly once."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from math import inf

from django.db import transaction

from accounts.declarations import check_table
from demo import simulator
from demo.engine import story
from demo.engine.async_commit import async_commit
from demo.engine.clock import Clock
from demo.engine.error_references import log_failure
from demo.engine.metrics import PLANNING
from demo.models import DemoAccount, State, StoryEvent
from demo.windows import CONTENT, INTERACTIONS, WINDOW_KINDS, WindowKind
from interactions.db_errors import is_connection_lost

logger = logging.getLogger(__name__)

ACCOUNTS_PER_TRANSACTION = 50  # accounts locked in one transaction,
EVENTS_PER_TRANSACTION = 3_000  # and about how many events are planned for all of them in it


@dataclass(frozen=True)
class PlanningResult:
    """How much a planning run wrote."""

    windows: int = 0
    content: int = 0
    comments: int = 0
    messages: int = 0
    is_cut_short: bool = False  # the time was up before all was planned

    @property
    def events(self) -> int:
        return self.content + self.comments + self.messages

    def __add__(self, other: "PlanningResult") -> "PlanningResult":
        return PlanningResult(
            self.windows + other.windows,
            self.content + other.content,
            self.comments + other.comments,
            self.messages + other.messages,
            self.is_cut_short or other.is_cut_short,
        )


@dataclass(frozen=True)
class OpenWindow:
    """One window to plan: its kind, its number since the activation, and its start (UTC)."""

    kind: WindowKind
    ordinal: int
    start: datetime


@PLANNING.time()
def plan_due(now: datetime, *, within: timedelta | None = None) -> PlanningResult:
    """Plan every window of every active account that has started by `now`; return what was written.

    Safe to run at any time, any number of times and beside itself: accounts are locked in chunks, those locked by
    another run are left to it, and the marks move in the transaction that writes the rows. Accounts take turns of a few
    windows, those with the least to make up for first, so that one with a month of it holds up no other. Accounts that
    catch up after advancing are left to their own turns (demo/lifecycle/pending_work.py). With `within` it begins no chunk after so
    long, and says so.
    """
    total, broken, clock = PlanningResult(), set[int](), Clock(now)
    while True:
        turn = PlanningResult()
        for ids in _chunks(now, broken):
            if within is not None and clock.elapsed >= within:
                return total + turn + PlanningResult(is_cut_short=True)
            turn += _plan_chunk(ids, now, broken)
        total += turn
        if not turn.windows:
            return total


def _chunks(now: datetime, broken: set[int]) -> Iterator[list[int]]:
    """The accounts that wait for a turn; in each chunk in the order in which they are locked."""
    waiting = DemoAccount.objects.with_open_windows(now).filter(catching_up=False).exclude(pk__in=broken)
    ids = list(waiting.order_by("-opens", "pk").values_list("pk", flat=True))
    yield from (
        sorted(ids[start : start + ACCOUNTS_PER_TRANSACTION])
        for start in range(0, len(ids), ACCOUNTS_PER_TRANSACTION)
    )


def _plan_chunk(ids: list[int], now: datetime, broken: set[int]) -> PlanningResult:
    """Give each of the accounts a turn; add those that cannot be planned to `broken`."""
    try:
        with async_commit():
            return plan_open_windows(
                list(_locked(now).filter(pk__in=ids)), now, EVENTS_PER_TRANSACTION // ACCOUNTS_PER_TRANSACTION
            )
    except Exception as error:
        if is_connection_lost(error):
            raise
        logger.exception("A chunk of accounts could not be planned; trying its accounts one by one")
    return _plan_one_by_one(ids, now, broken)


def _locked(now: datetime):
    open_accounts = DemoAccount.objects.with_open_windows(now).order_by("id")
    return open_accounts.select_related("user").select_for_update(skip_locked=True, of=("self",))


def _plan_one_by_one(ids: list[int], now: datetime, broken: set[int]) -> PlanningResult:
    """Plan the accounts alone; note of those that fail why."""
    total = PlanningResult()
    for id in ids:
        try:
            with transaction.atomic():
                total += plan_open_windows(list(_locked(now).filter(pk=id)), now, EVENTS_PER_TRANSACTION)
        except Exception as error:
            if is_connection_lost(error):
                raise
            told = log_failure(logger, "Account %d could not be planned", id)
            broken.add(id)
            DemoAccount.objects.filter(pk=id).update(last_error=f"Planning failed. {told}")
    return total


def plan_open_windows(
    accounts: list[DemoAccount], now: datetime, most: float = inf, *, not_before: datetime | None = None
) -> PlanningResult:
    """Plan the started windows of `accounts`, whose rows the caller has locked, and move their marks.

    With `most` it stops after about so many events of each: what is left stays open, and planning it later gives the same.
    A window that would bring something earlier than `not_before` brings all of it so much later that it begins there.
    """
    starts = [account.next_window_start for account in accounts]
    if not starts or min(starts) > now:
        return PlanningResult()
    profiles = story.demo_profiles(accounts)
    past = story.look_back(profiles, min(starts))
    plans = []
    total = PlanningResult()
    for account in accounts:
        events, planned = _plan_account(account, now, past[account.id], most, not_before)
        plans.append((account, StoryEvent.Origin.WINDOW, events))
        total += planned
    story.write(plans, profiles)
    DemoAccount.objects.store_marks(accounts)
    return total


def _plan_account(
    account: DemoAccount,
    now: datetime,
    past: list[simulator.SimulatedEvent],
    most: float,
    not_before: datetime | None,
) -> tuple[list[simulator.SimulatedEvent], PlanningResult]:
    written: list[simulator.SimulatedEvent] = []
    total = PlanningResult()
    for window in _open_windows(account, now):
        if window.start < now - account.retention:
            continue
        events = draw(account, window, past + written)
        if not_before is not None:
            events = _begun_at(not_before, events)
        written += events
        planned = _counted(events)
        total += planned
        transaction.on_commit(partial(_log, account, window, planned))
        if total.events >= most:
            break
    return written, total


def _begun_at(start: datetime, events: list[simulator.SimulatedEvent]) -> list[simulator.SimulatedEvent]:
    """The events, all of them later by the same time where the first would come before `start`."""
    late = max([start - event.at for event in events], default=timedelta(0))
    return [event._replace(at=event.at + late) for event in events] if late > timedelta(0) else events


def _open_windows(account: DemoAccount, now: datetime) -> Iterator[OpenWindow]:
    """The started windows in order of start; when one is yielded, the account's columns name the window after it."""
    while account.next_window_start <= now:
        kind = min(WINDOW_KINDS.values(), key=account.start_of_next)
        window = OpenWindow(kind, getattr(account, kind.ordinal), account.start_of_next(kind))
        setattr(account, kind.ordinal, window.ordinal + 1)
        setattr(account, kind.mark, window.start + kind.length)
        yield window


def quotas_of_open_windows(account: DemoAccount, now: datetime) -> int:
    """The sum of the quotas of the account's started windows, without those that are older than its retention."""
    return sum(account.quota(kind) * _count_started(account, kind, now) for kind in WINDOW_KINDS.values())


def _count_started(account: DemoAccount, kind: WindowKind, now: datetime) -> int:
    """How many unplanned windows of the kind have started by `now`, and not before the retention."""
    return max(min(now - account.start_of_next(kind), account.retention) // kind.length + 1, 0)


def plan_account(account_id: int, now: datetime) -> PlanningResult:
    """Plan every started window of one active account, in transactions as short as those of `plan_due`."""
    total = PlanningResult()
    while (planned := plan_some(account_id, now, EVENTS_PER_TRANSACTION)).windows:
        total += planned
    return total


def plan_some(account_id: int, now: datetime, most: int) -> PlanningResult:
    """Plan the next started windows of one active account, about `most` events, in one transaction."""
    with async_commit():
        mine = DemoAccount.objects.with_open_windows(now).select_related("user").filter(pk=account_id)
        return plan_open_windows(list(mine.select_for_update(of=("self",))), now, most)


def draw(
    account: DemoAccount, window: OpenWindow, past: list[simulator.SimulatedEvent]
) -> list[simulator.SimulatedEvent]:
    """The events of one window: a function of seed, settings, ordinal, start and the story so far, nothing else."""
    horizon = window.start - account.retention
    return _DRAWS[window.kind.name](account, window, [event for event in past if event.at >= horizon])


def _draw_content(
    account: DemoAccount, window: OpenWindow, past: list[simulator.SimulatedEvent]
) -> list[simulator.SimulatedEvent]:
    pieces = account.content_per_day
    return simulator.content_window(account.world, window.ordinal, window.start, pieces, past)


def _draw_interactions(
    account: DemoAccount, window: OpenWindow, past: list[simulator.SimulatedEvent]
) -> list[simulator.SimulatedEvent]:
    quotas = account.comments_per_window, account.messages_quota
    return simulator.interactions_window(account.world, window.ordinal, window.start, *quotas, past)


_DRAWS = {CONTENT.name: _draw_content, INTERACTIONS.name: _draw_interactions}
check_table("_DRAWS in demo/engine/planning.py", _DRAWS, WINDOW_KINDS)


def plan_initial(account_id: int, now: datetime) -> bool:
    """Write the initial batch of an account that is being enabled; False when that is done or not wanted any more."""
    with transaction.atomic():
        account = (
            DemoAccount.objects.select_related("user")
            .select_for_update(of=("self",))
            .filter(pk=account_id, state=State.ENABLING, planned_at=None)
            .first()
        )
        if account is None:
            return False
        events = simulator.initial(account.world, account.initial_quota, account.user.demo_mode_enabled_at)
        story.write([(account, StoryEvent.Origin.INITIAL, events)], story.demo_profiles([account]))
        account.planned_at = now
        account.save(update_fields=["planned_at"])
        return True


def _counted(events: list[simulator.SimulatedEvent]) -> PlanningResult:
    """How much of the quotas the events of one window are."""
    types = [event.type for event in events if not event.origin]
    return PlanningResult(
        windows=1,
        content=types.count(StoryEvent.Type.CONTENT),
        comments=types.count(StoryEvent.Type.COMMENT),
        messages=types.count(StoryEvent.Type.MESSAGE),
    )


def _log(account: DemoAccount, window: OpenWindow, counts: PlanningResult) -> None:
    if window.kind is CONTENT:
        logger.info("Generated %d new content pieces for user %s", counts.content, account.user.username)
        return
    logger.info(
        "Generated %d comments and %d DMs for user %s",
        counts.comments,
        counts.messages,
        account.user.username,
    )
