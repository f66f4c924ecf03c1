"""Deciding what will happen: windows whose start has come become story rows, exactly once."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from math import inf

from django.db import transaction

from demo import simulator
from demo.engine import story
from demo.engine.async_commit import async_commit
from demo.engine.clock import Clock
from demo.engine.error_references import log_failure
from demo.engine.metrics import PLANNING
from demo.models import DemoAccount, State, StoryEvent
from demo.windows import CONTENT_STEP, INTERACTIONS_STEP
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
class Window:
    """One window to plan: its kind, number since the activation, and start (UTC)."""

    kind: str  # content or interactions
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
    starts = [min(account.next_content_window, account.next_interactions_window) for account in accounts]
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
    past: list[simulator.Event],
    most: float,
    not_before: datetime | None,
) -> tuple[list[simulator.Event], PlanningResult]:
    written: list[simulator.Event] = []
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


def _begun_at(start: datetime, events: list[simulator.Event]) -> list[simulator.Event]:
    """The events, all of them later by the same time where the first would come before `start`."""
    late = max([start - event.at for event in events], default=timedelta(0))
    return [event._replace(at=event.at + late) for event in events] if late > timedelta(0) else events


def _open_windows(account: DemoAccount, now: datetime) -> Iterator[Window]:
    """The started windows in order of start; the account's marks are past each when it is given out."""
    while min(account.next_content_window, account.next_interactions_window) <= now:
        if account.next_content_window < account.next_interactions_window:
            window = Window("content", account.content_ordinal, account.next_content_window)
            account.content_ordinal += 1
            account.next_content_window += CONTENT_STEP
        else:
            window = Window("interactions", account.interactions_ordinal, account.next_interactions_window)
            account.interactions_ordinal += 1
            account.next_interactions_window += INTERACTIONS_STEP
        yield window


def quotas_of_open_windows(account: DemoAccount, now: datetime) -> int:
    """How many events the quotas of the account's started windows are, but for those that its retention passes over."""
    talk = account.comments_per_window + account.messages_per_window * account.has_messages
    kinds = (
        (account.next_content_window, CONTENT_STEP, account.content_per_day),
        (account.next_interactions_window, INTERACTIONS_STEP, talk),
    )
    return sum(quota * _started(mark, step, now, account.retention) for mark, step, quota in kinds)


def _started(mark: datetime, step: timedelta, now: datetime, retention: timedelta) -> int:
    """How many windows from `mark` on have started by `now`, and not before the retention."""
    return max(min(now - mark, retention) // step + 1, 0)


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


def draw(account: DemoAccount, window: Window, past: list[simulator.Event]) -> list[simulator.Event]:
    """The events of one window: a function of seed, settings, ordinal, start and the story so far, nothing else."""
    horizon = window.start - account.retention
    seen = [event for event in past if event.at >= horizon]
    if window.kind == "content":
        pieces = account.content_per_day
        return simulator.content_window(account.world, window.ordinal, window.start, pieces, seen)
    return simulator.interactions_window(
        account.world,
        window.ordinal,
        window.start,
        account.comments_per_window,
        account.messages_per_window if account.has_messages else 0,
        seen,
    )


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


def _counted(events: list[simulator.Event]) -> PlanningResult:
    """How much of the quotas the events of one window are."""
    types = [event.type for event in events if not event.origin]
    return PlanningResult(
        windows=1,
        content=types.count(StoryEvent.Type.CONTENT),
        comments=types.count(StoryEvent.Type.COMMENT),
        messages=types.count(StoryEvent.Type.MESSAGE),
    )


def _log(account: DemoAccount, window: Window, counts: PlanningResult) -> None:
    if window.kind == "content":
        logger.info("Generated %d new content pieces for user %s", counts.content, account.user.username)
        return
    logger.info(
        "Generated %d comments and %d DMs for user %s",
        counts.comments,
        counts.messages,
        account.user.username,
    )
