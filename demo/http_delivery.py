"""Delivery as signed POSTs to the profiles' webhook endpoints.

A batch is leased in a committed transaction before it is sent, and keeps its rows and its `webhook-id` over retries.
"""

import json
import logging
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import requests
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse

from accounts.models import Profile
from demo.clock import Clock
from demo.models import StoryEvent, webhook_event
from demo.retries import count_failure
from interactions.signing import sign

logger = logging.getLogger(__name__)

BATCH = 500
STRETCH = 2_000  # how many of the earliest events due are looked at for profiles
LEASE = timedelta(seconds=60)
TIMEOUT_SECONDS = 15
SPLIT_ON = {400, 413, 500}  # answers that one event of the batch may have caused


@dataclass(frozen=True)
class Failure:
    """Why a batch was not taken; whether one of its events may be the reason; seconds the receiver asked to wait."""

    reason: str
    splits: bool = False
    wait: float = 0


def deliver_batch(due: QuerySet[StoryEvent], clock: Clock) -> tuple[int, int]:
    """Lease, send and mark one profile's next batch; return how many events were taken and delivered."""
    claimed = _lease(due, clock)
    if not claimed:
        return 0, 0
    failure = _send(claimed)
    if failure is None:
        return len(claimed), _mark_delivered(claimed, clock.now())
    if failure.splits and len(claimed) > 1:
        _split(claimed)
    else:
        count_failure(claimed, clock.now(), failure.reason, failure.wait)
    return len(claimed), 0


def _send(events: Sequence[StoryEvent]) -> Failure | None:
    """Post the batch; None when it was taken."""
    try:
        answer = _post(events)
    except requests.RequestException as error:
        return Failure(f"{type(error).__name__}: {error}")
    except Exception as error:
        logger.exception("A batch of %d events could not be sent", len(events))
        return Failure(str(error), splits=True)
    code = answer.status_code
    if 200 <= code < 300:
        return None
    return Failure(f"HTTP {code}: {answer.reason}", code in SPLIT_ON, _retry_after(answer))


def _lease(due: QuerySet[StoryEvent], clock: Clock) -> list[StoryEvent]:
    """Claim the next batch of a profile that no other worker is claiming from; empty when there is none.

    Profiles are taken from the earliest events that are due, so that what it costs depends on those alone.
    """
    waiting = set(due.values_list("profile", flat=True)[:STRETCH])
    while waiting:
        with transaction.atomic():
            free = Profile.objects.filter(pk__in=waiting).select_for_update(skip_locked=True, no_key=True)
            profile = free.first()
            if profile is None:
                return []
            if claimed := _claim(due.filter(profile=profile), clock):
                return claimed
        waiting.remove(profile.pk)  # another worker has leased all of it just now
    return []


def _claim(mine: QuerySet[StoryEvent], clock: Clock) -> list[StoryEvent]:
    """Lease what is due of one profile: a batch that was sent before as it was, or else new events."""
    events = mine.select_related("profile")
    sent_before = events.exclude(delivery_id=None).first()
    same_batch = {"delivery_id": sent_before.delivery_id if sent_before else None}
    claimed = list(events.filter(**same_batch).select_for_update(of=("self",))[:BATCH])
    delivery_id = same_batch["delivery_id"] or uuid.uuid4()
    rows = StoryEvent.objects.filter(pk__in=[event.pk for event in claimed])
    rows.update(delivery_id=delivery_id, claimed_until=clock.now() + LEASE)
    for event in claimed:
        event.delivery_id = delivery_id
    return claimed


def _post(events: Sequence[StoryEvent]) -> requests.Response:
    """Send the batch; its timestamp is the time of sending, which a receiver compares with its own clock."""
    profile = events[0].profile
    sent_at = int(time.time())
    envelope = {
        "type": "events",
        "timestamp": sent_at,
        "data": {"events": [webhook_event(event) for event in events]},
    }
    body = json.dumps(envelope).encode()
    headers = sign(profile.webhook_secret, f"msg_{events[0].delivery_id.hex}", sent_at, body)
    url = settings.MAIN_APP_URL.rstrip("/") + reverse("webhook", args=[profile.uuid])
    with requests.post(
        url,
        data=body,
        headers=headers | {"Content-Type": "application/json"},
        timeout=TIMEOUT_SECONDS,
        allow_redirects=False,
        stream=True,
    ) as answer:
        return answer  # its status says all; the body is not read


def _mark_delivered(events: Sequence[StoryEvent], now: datetime) -> int:
    rows = StoryEvent.objects.filter(pk__in=[event.pk for event in events], delivered_at=None)
    return rows.update(delivered_at=now, claimed_until=None)


def _split(events: Sequence[StoryEvent]) -> None:
    """Make two batches of one, due at once, so that a culprit ends up alone."""
    middle = len(events) // 2
    for half in (events[:middle], events[middle:]):
        rows = StoryEvent.objects.filter(pk__in=[event.pk for event in half])
        rows.update(delivery_id=uuid.uuid4(), claimed_until=None)


def _retry_after(answer: requests.Response) -> float:
    given = answer.headers.get("Retry-After", "")
    return float(given) if given.isascii() and given.isdigit() and len(given) < 6 else 0
