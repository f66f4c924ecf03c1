"""Limits of the webhook."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from django.conf import settings
from rest_framework.exceptions import Throttled

from accounts.throttling import FailureThrottle, address

LARGE, MANY = 64 * 1024, 200  # bytes, and events, of a batch
# Of one owner at once in one web process, so that threads are left for others.
MAX_LARGE = settings.WEB_THREADS // 2

_large: Counter[int] = Counter()  # by owner
_lock = Lock()  # of that


class WebhookFailures(FailureThrottle):
    """Requests from one address to one profile's webhook that carried no valid signature."""

    scope = "webhook_failures"

    def who(self, request, view) -> tuple[object, ...]:
        return address(request), str(view.kwargs["uuid"])


@contextmanager
def place_of(owner_id: int, *, needed: bool) -> Iterator[None]:
    """A place to work on a batch that is large, of which an owner has MAX_LARGE; raises Throttled.

    What is not `needed` takes none.
    """
    if not needed:
        yield
        return
    with _lock:
        if _large[owner_id] >= MAX_LARGE:
            raise Throttled(1, "As many large batches of yours as may be are being stored just now.")
        _large[owner_id] += 1
    try:
        yield
    finally:
        with _lock:
            _large[owner_id] -= 1
            if not _large[owner_id]:
                del _large[owner_id]
