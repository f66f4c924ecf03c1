"""Delivers due events to the ingest, in process or as signed webhooks over HTTP. Called by tasks and commands."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet

from accounts.declarations import check_table
from demo.engine.clock import Clock
from demo.engine.metrics import DELIVERY
from demo.engine.transports import TRANSPORTS
from demo.engine.transports.http import HttpDelivery
from demo.engine.transports.in_process import InProcessDelivery
from demo.models import DemoAccount, State, StoryEvent


@DELIVERY.time()
def deliver_due(
    now: datetime,
    account_ids: Iterable[int] | None = None,
    *,
    time_limit: timedelta | None = None,
) -> int:
    """Deliver the events due at `now`, of all accounts or of `account_ids`; return how many were delivered.

    Several workers may run it at once. It also moves accounts whose initial batch is delivered to active. Without
    `account_ids` it skips accounts that are catching up after an advance, whose time slices deliver their events.
    `time_limit` is as in `deliver_events`.
    """
    accounts = None if account_ids is None else list(account_ids)
    if accounts is None:
        events = StoryEvent.objects.filter(account__catching_up=False)
    else:
        events = StoryEvent.objects.filter(account__in=accounts)
    delivered = deliver_events(events, now, time_limit=time_limit)
    activate_complete(accounts)
    return delivered


def deliver_events(
    events: QuerySet[StoryEvent],
    now: datetime,
    *,
    time_limit: timedelta | None = None,
    request_time_limit: timedelta | None = None,
) -> int:
    """Deliver those of `events` that are due at `now`; return how many were delivered.

    Both limits count from the call. After `time_limit` no further batch begins. After `request_time_limit` an HTTP
    request in progress ends too; each request has at least a second.
    """
    transport = _TRANSPORT_CLASSES[settings.DEMO_DELIVERY](request_time_limit)
    due = events.due(now)
    clock = Clock(now)
    delivered = 0
    while time_limit is None or clock.elapsed < time_limit:
        batch = transport.deliver_batch(due, clock)
        if not batch.events:
            break
        delivered += batch.delivered
    return delivered


_TRANSPORT_CLASSES = {"direct": InProcessDelivery, "http": HttpDelivery}
check_table("_TRANSPORT_CLASSES in demo/engine/delivery.py", _TRANSPORT_CLASSES, TRANSPORTS)


def delivers_in_process() -> bool:
    """Whether DEMO_DELIVERY delivers in the caller's transaction."""
    return TRANSPORTS[settings.DEMO_DELIVERY].in_process


def activate_complete(accounts: list[int] | None = None) -> int:
    """Move enabling accounts whose initial batch is planned and fully delivered to active; return how many."""
    undelivered = StoryEvent.objects.undelivered_by_account_index().filter(
        account=OuterRef("pk"), origin=StoryEvent.Origin.INITIAL
    )
    enabling = DemoAccount.objects.filter(state=State.ENABLING, planned_at__isnull=False)
    chosen = enabling if accounts is None else enabling.filter(pk__in=accounts)
    return chosen.filter(~Exists(undelivered)).update(state=State.ACTIVE, heartbeat_at=None, last_error="")
