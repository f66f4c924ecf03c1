"""Bringing due events to the door: in process, or as signed webhooks over HTTP."""

import logging
from array import array
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from demo import http_delivery
from demo.clock import Clock
from demo.metrics import DELIVERY
from demo.models import DemoAccount, State, StoryEvent, webhook_event
from demo.replayable import replayable
from demo.retries import count_failure
from interactions.connection import is_lost
from interactions.ingest import Arrival, ingest
from interactions.locks import lock_free_profiles

logger = logging.getLogger(__name__)

BATCH = 1_000  # events in one transaction
AHEAD = 200 * BATCH  # are looked up together when many are due, so that a batch has several of each account


@DELIVERY.time()
def deliver_due(
    now: datetime,
    account_ids: Iterable[int] | None = None,
    *,
    within: timedelta | None = None,
) -> int:
    """Deliver every event due at `now`, of all accounts or of those given; return how many were delivered.

    Any number of workers may run it at once. Accounts whose initial batch is through become active. With `within` it
    begins no batch after so long and leaves the rest to the next run.
    """
    accounts = None if account_ids is None else list(account_ids)
    chosen = StoryEvent.objects.all() if accounts is None else StoryEvent.objects.filter(account__in=accounts)
    delivered = deliver_events(chosen, now, within=within)
    activate_complete(accounts)
    return delivered


def deliver_events(chosen: QuerySet[StoryEvent], now: datetime, *, within: timedelta | None = None) -> int:
    """Deliver those of `chosen` that are due at `now`; return how many were delivered."""
    deliver = http_delivery.deliver_batch if settings.DEMO_DELIVERY == "http" else Direct().deliver_some
    due, clock, delivered, taken = chosen.due(now).order_by("due_at", "id"), Clock(now), 0, 1
    while taken and (within is None or clock.elapsed < within):
        taken, done = deliver(due, clock)
        delivered += done
    return delivered


def activate_complete(accounts: list[int] | None = None) -> int:
    """Turn accounts active whose initial batch is planned and has nothing left to deliver."""
    left = StoryEvent.objects.undelivered_by_account().filter(
        account=OuterRef("pk"), origin=StoryEvent.Origin.INITIAL
    )
    enabling = DemoAccount.objects.filter(state=State.ENABLING, planned_at__isnull=False)
    chosen = enabling if accounts is None else enabling.filter(pk__in=accounts)
    return chosen.filter(~Exists(left)).update(state=State.ACTIVE, heartbeat_at=None, last_error="")


class Direct:
    """Delivery in process. What is due is looked up for one batch, and, while there is more, for many at once.

    A short lookup walks along what is due; for a long one PostgreSQL reads every account, which few events do not merit.
    """

    def __init__(self) -> None:
        self._batches: list[array] = []  # of keys, the next one last
        self._ahead = BATCH
        self._goes_on = True  # not when all that was looked up last is in other hands
        self._busy: set[int] = (
            set()
        )  # profiles that somebody does not let go of, which are left to the next run

    def deliver_some(self, due: QuerySet[StoryEvent], clock: Clock) -> tuple[int, int]:
        """Deliver a batch; return how many events were looked at and how many delivered."""
        if not self._batches and self._goes_on:
            self._look_up(due.exclude(profile__in=self._busy))
        keys = self._batches.pop() if self._batches else ()
        return len(keys), self._deliver(due, keys, clock.start) if keys else 0

    def _look_up(self, free: QuerySet[StoryEvent]) -> None:
        found = free.earliest_keys(self._ahead, BATCH)
        there_is_more = self._ahead < AHEAD and sum(map(len, found)) == self._ahead
        if there_is_more:
            self._ahead = AHEAD
        self._batches, self._goes_on = found[::-1], there_is_more

    def _deliver(self, due: QuerySet[StoryEvent], keys: Sequence[int], now: datetime) -> int:
        """Claim, ingest and mark in one transaction."""
        with replayable():
            claimed = due.claim(keys)
            self._goes_on |= bool(claimed)
            wanted = {event.profile_id for event in claimed}
            free = lock_free_profiles(wanted)  # all, in order, before halves lock some of them
            self._busy |= wanted - free
            return _ingest_or_bisect([event for event in claimed if event.profile_id in free], now)


def _ingest_or_bisect(events: list[NamedTuple], now: datetime) -> int:
    """Deliver the events, or, when that raises, their halves; the culprit alone counts an attempt."""
    if not events:
        return 0
    try:
        with transaction.atomic():
            ingest([Arrival(event.profile_id, webhook_event(event)) for event in events], now)
            return StoryEvent.objects.filter(pk__among=[event.pk for event in events]).update(
                delivered_at=now
            )
    except Exception as error:
        if is_lost(error):
            raise
        if len(events) == 1:
            logger.exception("Event %s could not be delivered", events[0].platform_id)
            count_failure(events, now, str(error))
            return 0
    middle = len(events) // 2
    return _ingest_or_bisect(events[:middle], now) + _ingest_or_bisect(events[middle:], now)
