"""Delivers due events as signed POSTs to the profiles' webhook endpoints. Called by `demo.engine.delivery`.

A batch is leased in a committed transaction before it is sent, and keeps its rows and its `webhook-id` over retries. If a
crash of the database loses the mark that it was delivered, it is sent again, and the receiver answers "duplicate".
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

from demo.engine.clock import Clock
from demo.engine.due_batches import BatchResult, DueBatches
from demo.engine.retries import count_failure, is_last_attempt, postpone
from demo.models import StoryEvent, webhook_event
from interactions import clock as database_clock
from interactions.async_commit import async_commit
from interactions.signing import sign

logger = logging.getLogger(__name__)

EVENTS_PER_REQUEST = 500
# Parts of a split batch. 500 events are single events after five splits, in time for the sixth and last attempt.
SPLIT_INTO = 4
FIRST_LOOKUP = 2_000  # events
LEASE = timedelta(seconds=60)
TIMEOUT_SECONDS = 15
MIN_TIMEOUT_SECONDS = 1
# Statuses that one event of the batch has caused, and statuses that one event may have caused.
EVENT_REFUSED = {HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE}
EVENT_MAY_HAVE_FAILED = {HTTPStatus.INTERNAL_SERVER_ERROR}
MIN_THROTTLE_SECONDS = 5  # to wait after 429


@dataclass(frozen=True)
class Failure:
    """Why a batch was not accepted: a sentence, the HTTP status (0: no answer), and Retry-After in seconds."""

    reason: str
    status: int = 0
    retry_after: float = 0


class HttpDelivery:
    """Delivery as webhooks, one profile per batch. No request lasts longer than `time_limit` after the clock's start."""

    def __init__(self, time_limit: timedelta | None = None) -> None:
        self._time_limit = time_limit
        self._batches = DueBatches(
            "profile", EVENTS_PER_REQUEST, first_lookup=FIRST_LOOKUP, merge_owners=False
        )

    def deliver_batch(self, due: QuerySet[StoryEvent], clock: Clock) -> BatchResult:
        """Lease, send and mark the next batch."""
        keys = self._batches.next(due)
        leased = _lease(due, keys, clock) if keys else []
        self._batches.may_have_more |= bool(leased)
        return BatchResult(len(keys), _deliver(leased, clock, self._timeout(clock)) if leased else 0)

    def _timeout(self, clock: Clock) -> float:
        """The timeout of the next request in seconds."""
        if self._time_limit is None:
            return TIMEOUT_SECONDS
        remaining = (self._time_limit - clock.elapsed).total_seconds()
        return min(TIMEOUT_SECONDS, max(remaining, MIN_TIMEOUT_SECONDS))


def _deliver(leased: Sequence[StoryEvent], clock: Clock, timeout: float) -> int:
    failure = _send(leased, timeout)
    if failure is None:
        return _mark_delivered(leased, clock.now())
    logger.warning(
        "The receiver (MAIN_APP_URL) did not accept %d events of profile %s: %s",
        len(leased),
        leased[0].profile_id,
        failure.reason,
    )
    _schedule_retry(leased, clock.now(), failure)
    return 0


def _schedule_retry(events: Sequence[StoryEvent], now: datetime, failure: Failure) -> None:
    """Retry the batch or its parts later, or mark it dead.

    A refused batch is split and its parts are sent at once, until the failing event is alone. After a 500 the batch
    counts an attempt and its parts are retried separately; at the last attempt they are sent at once.
    """
    is_batch = len(events) > 1
    may_be_event = failure.status in EVENT_MAY_HAVE_FAILED
    if failure.status == HTTPStatus.TOO_MANY_REQUESTS:
        postpone(events, now, failure.reason, max(failure.retry_after, MIN_THROTTLE_SECONDS))
    elif is_batch and (failure.status in EVENT_REFUSED or (may_be_event and is_last_attempt(events))):
        _split(events, send_at_once=True)
    else:
        count_failure(events, now, failure.reason, failure.retry_after)
        if is_batch and may_be_event:
            _split(events, send_at_once=False)


def _send(events: Sequence[StoryEvent], timeout: float) -> Failure | None:
    """Post the batch; None when the receiver accepted it."""
    try:
        answer = _post(events, timeout)
    except requests.RequestException as error:
        return Failure(f"{type(error).__name__}: {error}")
    except Exception as error:
        logger.exception("%d events of profile %s could not be sent", len(events), events[0].profile_id)
        return Failure(str(error), HTTPStatus.BAD_REQUEST)
    status = answer.status_code
    if 200 <= status < 300:
        return None
    return Failure(f"HTTP {status}: {answer.reason}", status, _retry_after(answer))


def _lease(due: QuerySet[StoryEvent], keys: Sequence[int], clock: Clock) -> list[StoryEvent]:
    """Lease the events of `keys`, all of one profile, that are still due: a whole batch to retry, or new events."""
    with async_commit():
        claimed = _claim(due, keys)
        delivery_id = claimed[0].delivery_id or uuid.uuid4() if claimed else None
        rows = StoryEvent.objects.filter(pk__in_array=[event.pk for event in claimed])
        rows.update(delivery_id=delivery_id, claimed_until=clock.now() + LEASE)
    for event in claimed:
        event.delivery_id = delivery_id
    return claimed


def _claim(due: QuerySet[StoryEvent], keys: Sequence[int]) -> list[StoryEvent]:
    """Lock the rows to send.

    A batch to retry may have more rows than `keys` names. All its rows are locked in order and without skipping, so
    that of two workers one gets the whole batch.
    """
    found = due.filter(pk__in_array=keys)
    sent_before = (
        found.exclude(delivery_id=None).order_by("due_at", "id").values("account", "delivery_id").first()
    )
    if sent_before:
        batch = due.filter(account__gt=0, **sent_before).order_by("id")
        return list(batch.select_related("profile").select_for_update(of=("self",)))
    new = found.filter(delivery_id=None).order_by("due_at", "id").select_related("profile")
    return list(new.select_for_update(of=("self",), skip_locked=True))


def _post(events: Sequence[StoryEvent], timeout: float) -> requests.Response:
    """Send the batch. The signed timestamp is the database's time, as the receiver compares it with its own clock."""
    profile = events[0].profile
    sent_at = int(database_clock.now().timestamp())
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
        timeout=Timeout(total=timeout),
        allow_redirects=False,
        stream=True,
    ) as answer:
        return answer  # only the status and headers are needed; the body is not read


def _mark_delivered(events: Sequence[StoryEvent], now: datetime) -> int:
    rows = StoryEvent.objects.filter(pk__in_array=[event.pk for event in events], delivered_at=None)
    with async_commit():
        return rows.update(delivered_at=now, claimed_until=None)


def _split(events: Sequence[StoryEvent], *, send_at_once: bool) -> None:
    """Divide the batch into SPLIT_INTO batches, due at once or when the batch would be retried."""
    changes = {"claimed_until": None} if send_at_once else {}
    size = -(-len(events) // SPLIT_INTO)
    for start in range(0, len(events), size):
        rows = StoryEvent.objects.filter(pk__in=[event.pk for event in events[start : start + size]])
        rows.update(delivery_id=uuid.uuid4(), **changes)


def _retry_after(answer: requests.Response) -> float:
    header = answer.headers.get("Retry-After", "")
    return float(header) if header.isascii() and header.isdigit() and len(header) < 6 else 0
