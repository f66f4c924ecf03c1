"""Delivery of due events to the ingest: in process, or as signed webhooks over HTTP. Tasks and commands call it."""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet

from demo.engine.clock import Clock
from demo.engine.metrics import DELIVERY
from demo.engine.transports.http import HttpDelivery
from demo.engine.transports.in_process import InProcessDelivery
from demo.models import DemoAccount, State, StoryEvent

logger = logging.getLogger(__name__)


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
    way = HttpDelivery(longest) if settings.DEMO_DELIVERY == "http" else InProcessDelivery()
    due, clock, delivered, taken = chosen.due(now), Clock(now), 0, 1
    while taken and (within is None or clock.elapsed < within):
        taken, done = way.deliver_batch(due, clock)
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
