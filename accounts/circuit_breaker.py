"""A circuit breaker, for a server that takes connections and does not answer: each caller would wait for its time limit.

`accounts/redis_client.py` has one for Redis, `config/postgresql/base.py` one for the database.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock

PAUSE = 3  # seconds
SLOW = 0.2  # seconds: a failure that comes sooner, such as a refused connection, holds nobody up


class Breaker:
    """For all threads of a process: opened by a slow failure, closed by the next block that ends in any other way.

    `away` makes what callers get while it is open; `failures` are the exceptions that say that the server does not answer.
    """

    def __init__(self, away: Callable[[], Exception], *failures: type[Exception]) -> None:
        self._away = away
        self._failures = failures
        self._lock = Lock()
        self._open_until: float | None = None

    @contextmanager
    def guard(self) -> Iterator[None]:
        """Ask the server in the block; raises what `away` makes while the breaker is open. After PAUSE one caller tries, alone."""
        began = self._enter()
        try:
            yield
        except Exception as error:
            if isinstance(error, self._failures) and time.monotonic() - began >= SLOW:
                self.open()
            else:
                self._open_until = None
            raise
        self._open_until = None

    def open(self) -> None:
        """Keep callers away for PAUSE: the server has just let somebody wait in vain."""
        self._open_until = time.monotonic() + PAUSE

    def _enter(self) -> float:
        with self._lock:
            now = time.monotonic()
            if self._open_until is not None:
                if now < self._open_until:
                    raise self._away()
                self._open_until = now + PAUSE  # for all others, while this caller tries
            return now
