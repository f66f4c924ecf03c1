"""Bringing due events to the door: in process, or as signed webhooks over HTTP."""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from demo import http_delivery
from demo.clock import Clock
from demo.metrics import DELIVERY
from demo.models import DemoAccount, State, StoryEvent, webhook_event
from demo.retries import count_failure
from interactions.connection import is_lost
from interactions.ingest import Arrival, ingest
from interactions.locks import lock_free_profiles

logger = logging.getLogger(__name__)

BATCH = 1_000


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
    over_http = settings.DEMO_DELIVERY == "http"
    deliver = http_delivery.deliver_batch if over_http else partial(_deliver_batch, busy=set())
    due = chosen.due(now).order_by("due_at", "id")
    clock, delivered, taken = Clock(now), 0, 1
    while taken and (within is None or clock.elapsed < within):
        taken, done = deliver(due, clock)
        delivered += done
    return delivered


def activate_complete(accounts: list[int] | None = None) -> int:
    """Turn accounts active whose initial batch is planned and has nothing left to deliver."""
    left = StoryEvent.objects.undelivered().filter(account=OuterRef("pk"), origin=StoryEvent.Origin.INITIAL)
    enabling = DemoAccount.objects.filter(state=State.ENABLING, planned_at__isnull=False)
    chosen = enabling if accounts is None else enabling.filter(pk__in=accounts)
    return chosen.filter(~Exists(left)).update(state=State.ACTIVE, heartbeat_at=None, last_error="")


def _deliver_batch(due: QuerySet[StoryEvent], clock: Clock, busy: set[int]) -> tuple[int, int]:
    """Claim, ingest and mark one batch in one transaction; return how many were taken and delivered.

    Profiles that somebody does not let go of are left to the next run, and added to `busy`.
    """
    with transaction.atomic():
        claimed = due.exclude(profile__in=busy).claim(BATCH)
        wanted = {event.profile_id for event in claimed}
        free = lock_free_profiles(wanted)  # all, in order, before halves lock some of them
        busy |= wanted - free
        return len(claimed), _ingest_or_bisect([e for e in claimed if e.profile_id in free], clock.start)


def _ingest_or_bisect(events: list[NamedTuple], now: datetime) -> int:
    """Deliver the events, or, when that raises, their halves; the culprit alone counts an attempt."""
    if not events:
        return 0
    try:
        with transaction.atomic():
            ingest([Arrival(event.profile_id, webhook_event(event)) for event in events], now)
            return StoryEvent.objects.filter(pk__in=[event.pk for event in events]).update(delivered_at=now)
    except Exception as error:
        if is_lost(error):
            raise
        if len(events) == 1:
            logger.exception("Event %s could not be delivered", events[0].platform_id)
            count_failure(events, now, str(error))
            return 0
    middle = len(events) // 2
    return _ingest_or_bisect(events[:middle], now) + _ingest_or_bisect(events[middle:], now)
