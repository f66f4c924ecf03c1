"""Holds locks from a second connection while a block runs. Called by tests of locked rows and profiles."""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from threading import Event

from django.db import connection, transaction

from interactions.locks import lock_profiles


def profiles_locked(profiles: Sequence[int]) -> AbstractContextManager[None]:
    """Lock the profiles from another connection for the block."""
    return locked_elsewhere(partial(lock_profiles, profiles))


@contextmanager
def locked_elsewhere(locks: Callable[[], object]) -> Iterator[None]:
    """Call `locks` in a transaction of another connection, and hold its locks for the block."""
    held, over = Event(), Event()

    def hold() -> None:
        with transaction.atomic():
            locks()
            held.set()
            over.wait(20)
        connection.close()

    with ThreadPoolExecutor(1) as pool:
        holding = pool.submit(hold)
        assert held.wait(10)
        try:
            yield
        finally:
            over.set()
            holding.result()


def wait_for_locks(number: int) -> None:
    """Wait until that many statements wait for a lock, at most three seconds."""
    deadline = time.monotonic() + 3
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with connection.cursor() as cursor:
        while time.monotonic() < deadline:
            cursor.execute(waiting)
            if cursor.fetchone()[0] >= number:
                return
