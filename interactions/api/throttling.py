"""Limits of the webhook (requests without a valid signature, simultaneous large batches) and of bulk changes. Called by views."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from django.conf import settings
from rest_framework.exceptions import Throttled

from accounts.throttling import FailureThrottle, Throttle, request_address

LARGE_BYTES, MANY_EVENTS = 64 * 1024, 200  # above either a batch is large
# Large batches of one owner at a time in one web process, so that threads remain for others.
MAX_LARGE_BATCHES = settings.WEB_THREADS // 2

_large_batches: Counter[int] = Counter()  # by owner id
_large_batches_lock = Lock()


class WebhookFailures(FailureThrottle):
    """Requests without a valid signature, from one address to one profile's webhook."""

    scope = "webhook_failures"

    def identity(self, request, view) -> tuple[object, ...]:
        return request_address(request), str(view.kwargs["uuid"])


class BulkChanges(Throttle):
    """Bulk changes of one user, each of up to 5,000 threads."""

    scope = "bulk"

    def identity(self, request, view) -> tuple[object, ...]:
        return (request.user.pk,)


@contextmanager
def large_batch_slot(owner_id: int) -> Iterator[None]:
    """Hold one of the owner's MAX_LARGE_BATCHES slots for the block; raises Throttled when none is free."""
    with _large_batches_lock:
        if _large_batches[owner_id] >= MAX_LARGE_BATCHES:
            raise Throttled(1, "Too many large batches for your profiles are being stored now.")
        _large_batches[owner_id] += 1
    try:
        yield
    finally:
        with _large_batches_lock:
            _large_batches[owner_id] -= 1
            if not _large_batches[owner_id]:
                del _large_batches[owner_id]
