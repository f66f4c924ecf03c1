"""Somebody who does not let go of rows, from a connection of their own."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from threading import Event

from django.db import connection, transaction

from interactions.locks import lock_profiles


def profiles_locked(profiles: Sequence[int]) -> AbstractContextManager[None]:
    """The profiles are locked by another connection meanwhile."""
    return locked_elsewhere(partial(lock_profiles, profiles))


@contextmanager
def locked_elsewhere(locks: Callable[[], object]) -> Iterator[None]:
    """What `locks` locks is locked by another connection meanwhile."""
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
