"""Places for work of which a process does only so much at once, so that threads are left for others."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore


@contextmanager
def place(places: BoundedSemaphore, full: Callable[[], Exception]) -> Iterator[None]:
    """One of the `places` for the block, without waiting; raises what `full` makes when all are taken."""
    if not places.acquire(blocking=False):
        raise full()
    try:
        yield
    finally:
        places.release()
