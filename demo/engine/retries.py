"""What a failed delivery costs: an attempt, a wait, and after the last one the event is dead."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any

from demo.models import StoryEvent

ATTEMPTS = 6
WAITS = (5, 300, 1_800, 7_200, 18_000)  # seconds after each failure but the last (Standard Webhooks)
JITTER = 0.2


def count_failure(events: Sequence[StoryEvent], now: datetime, reason: str, at_least: float = 0) -> None:
    """Count one attempt for events that failed together; wait `at_least` seconds when the receiver asked for it."""
    attempts = events[0].attempts + 1
    outcome = (
        {"dead_at": now}
        if is_last_attempt(events)
        else {"claimed_until": now + _wait(events[0], attempts, at_least)}
    )
    _note(events, reason, attempts=attempts, **outcome)


def is_last_attempt(events: Sequence[StoryEvent]) -> bool:
    """Whether the attempt that failed just now is the last one."""
    return events[0].attempts + 1 >= ATTEMPTS


def postpone(events: Sequence[StoryEvent], now: datetime, reason: str, seconds: float) -> None:
    """Wait, as the receiver asked for, without counting an attempt."""
    _note(events, reason, claimed_until=now + timedelta(seconds=seconds))


def _note(events: Sequence[StoryEvent], reason: str, **changes: Any) -> None:
    rows = StoryEvent.objects.filter(pk__in=[event.pk for event in events], delivered_at=None)
    rows.update(last_error=reason[:1_000], **changes)


def _wait(event: StoryEvent, attempts: int, at_least: float) -> timedelta:
    jitter = Random(f"{event.pk}:{attempts}").uniform(1 - JITTER, 1 + JITTER)
    return timedelta(seconds=max(WAITS[attempts - 1] * jitter, at_least))


def retry_dead(events) -> int:
    """Give dead events of a StoryEvent queryset six new attempts, at once; return their number."""
    return events.dead().update(dead_at=None, attempts=0, claimed_until=None, delivery_id=None)
