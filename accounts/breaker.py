"""A circuit breaker, for a server that takes connections and does not answer: each caller would wait for its time limit.

Pure: `accounts/redis_client.py` has one for Redis, `config/postgresql/base.py` one for the database.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock

PAUSE = 3  # seconds
SLOW = 0.2  # seconds: a failure that comes sooner, such as a refused connection, holds nobody up


class Breaker:
    """For all threads of a process: opened by a slow failure, closed by the first answer after it."""

    def __init__(self, away: Callable[[], Exception]) -> None:
        self._away = away
        self._lock = Lock()
        self._open_until: float | None = None

    @contextmanager
    def guard(self) -> Iterator[None]:
        """Ask the server in the block; raises what `away` makes while the breaker is open. After PAUSE one caller tries, alone."""
        began = self._enter()
        try:
            yield
        except Exception:
            now = time.monotonic()
            self._open_until = now + PAUSE if now - began >= SLOW else None
            raise
        self._open_until = None

    @property
    def is_open(self) -> bool:
        return self._open_until is not None

    def _enter(self) -> float:
        with self._lock:
            now = time.monotonic()
            if self._open_until is not None:
                if now < self._open_until:
                    raise self._away()
                self._open_until = now + PAUSE  # for all others, while this caller tries
            return now
