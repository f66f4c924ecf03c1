"""Whether what is due is being delivered: workers note that they delivered, readiness asks whether something is overdue."""

from contextlib import suppress
from datetime import datetime, timedelta

from django.db.models import Q
from redis.exceptions import RedisError

from accounts.redis_client import guarded_client
from demo.models import State, StoryEvent

OVERDUE = timedelta(minutes=2)
LOOKED_AT = 1_000  # of the earliest and of the latest overdue events each, so that the cost has a bound
DELIVERED = "perennial:delivered"  # a key of Redis, which ends by its clock


def note_delivery() -> None:
    """Something was delivered just now."""
    with suppress(RedisError, OSError), guarded_client() as client:
        client.set(DELIVERED, 1, ex=OVERDUE)


def is_stuck(now: datetime) -> bool:
    """Whether something could have been delivered two minutes ago and nothing was since.

    Events of initial batches are dated in the past, so that how late they are says nothing; that they stay does.
    """
    return _is_overdue(now - OVERDUE) and not _noted()


def _is_overdue(moment: datetime) -> bool:
    waiting = StoryEvent.objects.undelivered().filter(held=False, due_at__lte=moment).values("pk")
    ends = [waiting.order_by(*order)[:LOOKED_AT] for order in (("due_at", "id"), ("-due_at", "-id"))]
    planned = Q(account__state=State.ACTIVE) | Q(account__planned_at__lte=moment)
    return any(StoryEvent.objects.due(moment).filter(planned, pk__in=end).exists() for end in ends)


def _noted() -> bool:
    try:
        with guarded_client() as client:
            return 0 <= client.ttl(DELIVERED) <= OVERDUE.seconds  # what others may have put there has no end
    except (RedisError, OSError):
        return True  # that the broker is missing is said elsewhere
