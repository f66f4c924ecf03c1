"""Retries of failed deliveries: counts attempts, sets the time of the next one, marks events dead. Transports call it."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any

from demo.models import StoryEvent, StoryEventQuerySet

logger = logging.getLogger(__name__)

BACKOFF_SECONDS = (5, 300, 1_800, 7_200, 18_000)  # after each failed attempt but the last (Standard Webhooks)
MAX_ATTEMPTS = len(BACKOFF_SECONDS) + 1
JITTER = 0.2


def count_failure(events: Sequence[StoryEvent], now: datetime, reason: str, min_wait: float = 0) -> None:
    """Count one failed attempt of events that were sent together.

    They are retried after the backoff, but not before `min_wait` seconds; after the last attempt they are dead.
    """
    attempts = events[0].attempts + 1
    if is_last_attempt(events):
        logger.error("%d events of profile %s are dead: %s", len(events), events[0].profile_id, reason)
        _update(events, reason, attempts=attempts, dead_at=now)
    else:
        next_attempt = now + _backoff(events[0], attempts, min_wait)
        _update(events, reason, attempts=attempts, claimed_until=next_attempt)


def is_last_attempt(events: Sequence[StoryEvent]) -> bool:
    """Whether the attempt that failed just now, and is not counted yet, is the last one."""
    return events[0].attempts + 1 >= MAX_ATTEMPTS


def postpone(events: Sequence[StoryEvent], now: datetime, reason: str, seconds: float) -> None:
    """Retry the events after `seconds`, without counting an attempt."""
    _update(events, reason, claimed_until=now + timedelta(seconds=seconds))


def _update(events: Sequence[StoryEvent], reason: str, **changes: Any) -> None:
    rows = StoryEvent.objects.filter(pk__in=[event.pk for event in events], delivered_at=None)
    rows.update(last_error=reason[:1_000], **changes)


def _backoff(event: StoryEvent, attempts: int, min_wait: float) -> timedelta:
    jitter = Random(f"{event.pk}:{attempts}").uniform(1 - JITTER, 1 + JITTER)
    return timedelta(seconds=max(BACKOFF_SECONDS[attempts - 1] * jitter, min_wait))


def retry_dead(events: StoryEventQuerySet) -> int:
    """Make the dead ones of `events` due again with all attempts; return how many."""
    return events.dead().update(dead_at=None, attempts=0, claimed_until=None, delivery_id=None)
