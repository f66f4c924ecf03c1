"""Delivery of due events to the ingest: in process, or as signed webhooks over HTTP. Tasks and commands call it."""

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from demo import http_delivery
from demo.batching import Batches
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


@DELIVERY.time()
def deliver_due(
    now: datetime,
    account_ids: Iterable[int] | None = None,
    *,
    within: timedelta | None = None,
) -> int:
    """Deliver every event due at `now`, of all accounts or of those given; return how many were delivered.

    Any number of workers may run it at once. Accounts whose initial batch is through become active. Accounts that catch up
    after advancing are left to their own turns, unless they are given. With `within` it begins no batch after so long and
    leaves the rest to the next run.
    """
    accounts = None if account_ids is None else list(account_ids)
    ordinary = StoryEvent.objects.filter(account__catching_up=False)
    chosen = ordinary if accounts is None else StoryEvent.objects.filter(account__in=accounts)
    delivered = deliver_events(chosen, now, within=within)
    activate_complete(accounts)
    return delivered


def deliver_events(
    chosen: QuerySet[StoryEvent],
    now: datetime,
    *,
    within: timedelta | None = None,
    longest: timedelta | None = None,
) -> int:
    """Deliver those of `chosen` that are due at `now`; return how many were delivered.

    With `within` it begins no batch after so long, and with `longest` it waits for no receiver after so long, which somebody
    waits for in turn.
    """
    way = http_delivery.OverHttp(longest) if settings.DEMO_DELIVERY == "http" else Direct()
    due, clock, delivered, taken = chosen.due(now), Clock(now), 0, 1
    while taken and (within is None or clock.elapsed < within):
        taken, done = way.deliver_some(due, clock)
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
    """Delivery in process. A batch has events of many accounts, but of an account with many of them nothing else.

    So two workers, each of which takes other batches, hardly ever hold events of one profile, for whose lock one of
    them would wait.
    """

    def __init__(self) -> None:
        self._batches = Batches("account", BATCH, first=BATCH, packed=True)
        self._busy: set[int] = (
            set()
        )  # profiles that somebody does not let go of, which are left to the next run

    def deliver_some(self, due: QuerySet[StoryEvent], clock: Clock) -> tuple[int, int]:
        """Deliver a batch; return how many events were looked at and how many delivered."""
        free = due.exclude(profile__in=self._busy)  # also of batches that were looked up before
        keys = self._batches.next(free)
        return len(keys), self._deliver(free, keys, clock.start) if keys else 0

    def _deliver(self, due: QuerySet[StoryEvent], keys: Sequence[int], now: datetime) -> int:
        """Claim, ingest and mark in one transaction."""
        with replayable():
            claimed = due.claim(keys)
            self._batches.goes_on |= bool(claimed)
            wanted = {event.profile_id for event in claimed}
            free = lock_free_profiles(wanted)  # all, in order, before halves lock some of them
            self._busy |= wanted - free
            return _ingest_or_bisect([event for event in claimed if event.profile_id in free], now)


def _ingest_or_bisect(events: list[NamedTuple], now: datetime) -> int:
    """Deliver the events, or, when that raises, their halves; the failing event alone counts an attempt."""
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
