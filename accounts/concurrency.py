"""Limits how much of one kind of work a process does at once, so that threads remain for other requests.

Called by the log-in (`accounts/throttling.py`) and by generation on demand (`demo/lifecycle/on_demand.py`).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore


@contextmanager
def slot(semaphore: BoundedSemaphore, make_error: Callable[[], Exception]) -> Iterator[None]:
    """Hold one slot of `semaphore` for the block. Never waits: raises what `make_error` makes when no slot is free."""
    if not semaphore.acquire(blocking=False):
        raise make_error()
    try:
        yield
    finally:
        semaphore.release()
