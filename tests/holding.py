"""Somebody who does not let go of profiles, from a connection of their own."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event

from django.db import connection, transaction

from interactions.locks import lock_profiles


@contextmanager
def somebody_holding(profiles: Sequence[int]) -> Iterator[None]:
    """The profiles are locked by another connection meanwhile."""
    held, over = Event(), Event()

    def hold() -> None:
        with transaction.atomic():
            lock_profiles(profiles)
            held.set()
            over.wait(60)
        connection.close()

    with ThreadPoolExecutor(1) as pool:
        holding = pool.submit(hold)
        assert held.wait(10)
        try:
            yield
        finally:
            over.set()
            holding.result()
