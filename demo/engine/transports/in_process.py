"""Delivers due events to the ingest in this process, each batch in one transaction. Called by `demo.engine.delivery`."""

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import transaction
from django.db.models import QuerySet

from demo.engine.async_commit import async_commit
from demo.engine.clock import Clock
from demo.engine.due_batches import DueBatches
from demo.engine.retries import count_failure
from demo.models import StoryEvent, webhook_event
from interactions.db_errors import is_connection_lost
from interactions.ingest import IncomingEvent, ingest
from interactions.locks import try_lock_profiles

logger = logging.getLogger(__name__)

EVENTS_PER_TRANSACTION = 1_000  # events in one transaction


class InProcessDelivery:
    """Delivery in process. A batch has events of many accounts, but of an account with many of them nothing else.

    So two workers, each of which takes other batches, hardly ever hold events of one profile, for whose lock one of
    them would wait.
    """

    def __init__(self) -> None:
        self._batches = DueBatches(
            "account", EVENTS_PER_TRANSACTION, first=EVENTS_PER_TRANSACTION, packed=True
        )
        self._busy: set[int] = (
            set()
        )  # profiles that somebody does not let go of, which are left to the next run

    def deliver_batch(self, due: QuerySet[StoryEvent], clock: Clock) -> tuple[int, int]:
        """Deliver a batch; return how many events were looked at and how many delivered."""
        free = due.exclude(profile__in=self._busy)  # also of batches that were looked up before
        keys = self._batches.next(free)
        return len(keys), self._deliver(free, keys, clock.start) if keys else 0

    def _deliver(self, due: QuerySet[StoryEvent], keys: Sequence[int], now: datetime) -> int:
        """Claim, ingest and mark in one transaction."""
        with async_commit():
            claimed = due.claim(keys)
            self._batches.goes_on |= bool(claimed)
            wanted = {event.profile_id for event in claimed}
            free = try_lock_profiles(wanted)  # all, in order, before halves lock some of them
            self._busy |= wanted - free
            return _ingest_or_bisect([event for event in claimed if event.profile_id in free], now)


def _ingest_or_bisect(events: list[NamedTuple], now: datetime) -> int:
    """Deliver the events, or, when that raises, their halves; the failing event alone counts an attempt."""
    if not events:
        return 0
    try:
        with transaction.atomic():
            ingest([IncomingEvent(event.profile_id, webhook_event(event)) for event in events], now)
            return StoryEvent.objects.filter(pk__among=[event.pk for event in events]).update(
                delivered_at=now
            )
    except Exception as error:
        if is_connection_lost(error):
            raise
        if len(events) == 1:
            logger.exception("Event %s could not be delivered", events[0].platform_id)
            count_failure(events, now, str(error))
            return 0
    middle = len(events) // 2
    return _ingest_or_bisect(events[:middle], now) + _ingest_or_bisect(events[middle:], now)
