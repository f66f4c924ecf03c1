"""Delivery as signed POSTs to the profiles' webhook endpoints.

A batch is leased in a committed transaction before it is sent, and keeps its rows and its `webhook-id` over retries. What a
crash of the database takes back of that is sent once more, which the receiver answers as duplicates.
"""

import json
import logging
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus

import requests
from django.conf import settings
from django.db.models import QuerySet
from django.urls import reverse
from urllib3 import Timeout

from demo.engine.async_commit import async_commit
from demo.engine.clock import Clock
from demo.engine.due_batches import DueBatches
from demo.engine.retries import count_failure, is_last_attempt, postpone
from demo.models import StoryEvent, webhook_event
from interactions.clock import now
from interactions.signing import sign

logger = logging.getLogger(__name__)

EVENTS_PER_REQUEST = 500
# Of a batch in which one event may be at fault: the events of a whole one are alone at their last attempt.
PARTS = 4
STRETCH = 2_000  # how many of the earliest events due are looked up while few are due
LEASE = timedelta(seconds=60)
TIMEOUT_SECONDS = 15
MIN_SECONDS = 1  # for a receiver, however little time is left
AN_EVENT = {400, 413}  # answers that one event of the batch has caused,
PERHAPS_AN_EVENT = {500}  # and that it may have caused
TOO_MANY = 429
MIN_WAIT = 5  # seconds after TOO_MANY


@dataclass(frozen=True)
class Failure:
    """Why a batch was not taken: a sentence, the answer's status if there was one, and seconds that it asked to wait."""

    reason: str
    code: int = 0
    wait: float = 0


class HttpDelivery:
    """Delivery as webhooks, a batch of one profile at a time; with `longest` it waits for no receiver after so long."""

    def __init__(self, longest: timedelta | None = None) -> None:
        self._longest = longest
        self._batches = DueBatches("profile", EVENTS_PER_REQUEST, first=STRETCH, packed=False)

    def deliver_batch(self, due: QuerySet[StoryEvent], clock: Clock) -> tuple[int, int]:
        """Lease, send and mark one profile's next batch; return how many events were looked at and how many delivered."""
        keys = self._batches.next(due)
        claimed = _lease(due, keys, clock) if keys else []
        self._batches.goes_on |= bool(claimed)
        return len(keys), _deliver(claimed, clock, self._patience(clock)) if claimed else 0

    def _patience(self, clock: Clock) -> float:
        """How many seconds to wait for the receiver."""
        if self._longest is None:
            return TIMEOUT_SECONDS
        left = (self._longest - clock.elapsed).total_seconds()
        return min(TIMEOUT_SECONDS, max(left, MIN_SECONDS))


def _deliver(claimed: Sequence[StoryEvent], clock: Clock, seconds: float) -> int:
    failure = _send(claimed, seconds)
    if failure is None:
        return _mark_delivered(claimed, clock.now())
    _count(claimed, clock.now(), failure)
    return 0


def _count(events: Sequence[StoryEvent], now: datetime, failure: Failure) -> None:
    """Have the batch wait for its next attempt, or its parts, or have it counted as dead.

    Where one event is at fault, or may be at the last attempt, the parts are sent at once, until that one is alone.
    """
    is_many, perhaps = len(events) > 1, failure.code in PERHAPS_AN_EVENT
    if failure.code == TOO_MANY:
        postpone(events, now, failure.reason, max(failure.wait, MIN_WAIT))
    elif is_many and (failure.code in AN_EVENT or (perhaps and is_last_attempt(events))):
        _split(events, at_once=True)
    else:
        count_failure(events, now, failure.reason, failure.wait)
        if is_many and perhaps:
            _split(events, at_once=False)


def _send(events: Sequence[StoryEvent], seconds: float) -> Failure | None:
    """Post the batch; None when it was taken."""
    try:
        answer = _post(events, seconds)
    except requests.RequestException as error:
        return Failure(f"{type(error).__name__}: {error}")
    except Exception as error:
        logger.exception("A batch of %d events could not be sent", len(events))
        return Failure(str(error), HTTPStatus.BAD_REQUEST)
    code = answer.status_code
    if 200 <= code < 300:
        return None
    return Failure(f"HTTP {code}: {answer.reason}", code, _retry_after(answer))


def _lease(due: QuerySet[StoryEvent], keys: Sequence[int], clock: Clock) -> list[StoryEvent]:
    """Lease what is still due of the keys, all of one profile: a batch that was sent before as it was, or new events."""
    with async_commit():
        claimed = _claim(due, keys)
        delivery_id = claimed[0].delivery_id or uuid.uuid4() if claimed else None
        rows = StoryEvent.objects.filter(pk__among=[event.pk for event in claimed])
        rows.update(delivery_id=delivery_id, claimed_until=clock.now() + LEASE)
    for event in claimed:
        event.delivery_id = delivery_id
    return claimed


def _claim(due: QuerySet[StoryEvent], keys: Sequence[int]) -> list[StoryEvent]:
    """Lock them. A batch that was sent before is larger than what the keys name of it; its rows are locked in order,
    so that of two workers who find it one has all of it."""
    mine = due.filter(pk__among=keys)
    sent_before = (
        mine.exclude(delivery_id=None).order_by("due_at", "id").values("account", "delivery_id").first()
    )
    if sent_before:
        whole = due.filter(account__gt=0, **sent_before).order_by("id")
        return list(whole.select_related("profile").select_for_update(of=("self",)))
    new = mine.filter(delivery_id=None).order_by("due_at", "id").select_related("profile")
    return list(new.select_for_update(of=("self",), skip_locked=True))


def _post(events: Sequence[StoryEvent], seconds: float) -> requests.Response:
    """Send the batch; its timestamp is the database's time of sending, which a receiver compares with its own clock."""
    profile = events[0].profile
    sent_at = int(now().timestamp())
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
        timeout=Timeout(total=seconds),
        allow_redirects=False,
        stream=True,
    ) as answer:
        return answer  # its status says all; the body is not read


def _mark_delivered(events: Sequence[StoryEvent], now: datetime) -> int:
    rows = StoryEvent.objects.filter(pk__among=[event.pk for event in events], delivered_at=None)
    with async_commit():
        return rows.update(delivered_at=now, claimed_until=None)


def _split(events: Sequence[StoryEvent], *, at_once: bool) -> None:
    """Make PARTS batches of one, so that an event that is refused ends up alone; due at once, or when the batch is."""
    changes = {"claimed_until": None} if at_once else {}
    size = -(-len(events) // PARTS)
    for start in range(0, len(events), size):
        rows = StoryEvent.objects.filter(pk__in=[event.pk for event in events[start : start + size]])
        rows.update(delivery_id=uuid.uuid4(), **changes)


def _retry_after(answer: requests.Response) -> float:
    given = answer.headers.get("Retry-After", "")
    return float(given) if given.isascii() and given.isdigit() and len(given) < 6 else 0
