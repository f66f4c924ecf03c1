"""Detects that delivery is stuck. Workers call `note_delivery`; readiness (`config/health.py`) calls `is_stuck`."""

from contextlib import suppress
from datetime import datetime, timedelta

from django.db.models import Q
from redis.exceptions import RedisError

from accounts.redis_client import guarded_client
from demo.models import State, StoryEvent

OVERDUE = timedelta(minutes=2)
MAX_EXAMINED = 1_000  # of the earliest and of the latest overdue events, to bound the cost of the query
DELIVERED_KEY = "perennial:delivered"  # the Redis key of the last delivery; it expires after OVERDUE


def note_delivery() -> None:
    """Record in Redis that something was delivered just now."""
    with suppress(RedisError, OSError), guarded_client() as client:
        client.set(DELIVERED_KEY, 1, ex=OVERDUE)


def is_stuck(now: datetime) -> bool:
    """Whether an event has been deliverable, and nothing was delivered, for the time OVERDUE.

    Events of an initial batch are due in the past. They count as overdue that time after the batch was planned.
    """
    return _is_overdue(now - OVERDUE) and not _was_delivered_recently()


def _is_overdue(moment: datetime) -> bool:
    undelivered = StoryEvent.objects.undelivered().filter(held=False, due_at__lte=moment).values("pk")
    ends = [undelivered.order_by(*order)[:MAX_EXAMINED] for order in (("due_at", "id"), ("-due_at", "-id"))]
    planned = Q(account__state=State.ACTIVE) | Q(account__planned_at__lte=moment)
    return any(StoryEvent.objects.due(moment).filter(planned, pk__in=end).exists() for end in ends)


def _was_delivered_recently() -> bool:
    try:
        with guarded_client() as client:
            return (
                0 <= client.ttl(DELIVERED_KEY) <= OVERDUE.seconds
            )  # ignores a foreign value that never expires
    except (RedisError, OSError):
        return True  # readiness reports a missing broker separately
