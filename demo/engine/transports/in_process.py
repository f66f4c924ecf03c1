"""Delivers due events to the ingest in this process, each batch in one transaction. Called by `demo.engine.delivery`."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import transaction
from django.db.models import QuerySet

from demo.engine.clock import Clock
from demo.engine.due_batches import BatchResult, DueBatches
from demo.engine.retries import count_failure
from demo.models import StoryEvent, webhook_event
from interactions.async_commit import async_commit
from interactions.db_errors import is_connection_lost
from interactions.ingest import IncomingEvent, ingest
from interactions.locks import try_lock_profiles

logger = logging.getLogger(__name__)

EVENTS_PER_TRANSACTION = 1_000


class InProcessDelivery:
    """Delivery in process. Accounts with few events share a batch; one with many has batches of its own.

    Two workers with different batches therefore rarely have events of the same profile, whose lock one would wait for.
    """

    def __init__(self, _request_time_limit: timedelta | None = None) -> None:
        self._batches = DueBatches(
            "account", EVENTS_PER_TRANSACTION, first_lookup=EVENTS_PER_TRANSACTION, merge_owners=True
        )
        # Locked by others. This run skips them; the next one tries again.
        self._locked_profiles: set[int] = set()

    def deliver_batch(self, due: QuerySet[StoryEvent], clock: Clock) -> BatchResult:
        """Claim, ingest and mark the next batch."""
        # Applied again to each batch, as it may have been looked up before a profile was found to be locked.
        deliverable = due.exclude(profile__in=self._locked_profiles)
        keys = self._batches.next(deliverable)
        return BatchResult(len(keys), self._deliver(deliverable, keys, clock.start) if keys else 0)

    def _deliver(self, due: QuerySet[StoryEvent], keys: Sequence[int], now: datetime) -> int:
        """Claim, ingest and mark in one transaction."""
        with async_commit():
            claimed = due.claim(keys)
            self._batches.may_have_more |= bool(claimed)
            wanted = {event.profile_id for event in claimed}
            # Locks all profiles in order, before halves of the batch lock some of them.
            locked = try_lock_profiles(wanted)
            self._locked_profiles |= wanted - locked
            return _ingest_or_bisect([event for event in claimed if event.profile_id in locked], now)


def _ingest_or_bisect(events: list[NamedTuple], now: datetime) -> int:
    """Ingest the events; if that raises, try each half. Only the failing event, once alone, counts an attempt."""
    if not events:
        return 0
    try:
        with transaction.atomic():
            ingest([IncomingEvent(event.profile_id, webhook_event(event)) for event in events], now)
            rows = StoryEvent.objects.filter(pk__in_array=[event.pk for event in events])
            return rows.update(delivered_at=now)
    except Exception as error:
        if is_connection_lost(error):
            raise
        if len(events) == 1:
            logger.exception("Event %s could not be delivered", events[0].platform_id)
            count_failure(events, now, str(error))
            return 0
    middle = len(events) // 2
    return _ingest_or_bisect(events[:middle], now) + _ingest_or_bisect(events[middle:], now)
