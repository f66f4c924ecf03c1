"""A circuit breaker for a server that accepts connections but does not answer.

Without it every caller would wait for its own timeout. `accounts/redis_client.py` has one for Redis,
`config/postgresql/base.py` one for the database.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock

OPEN_SECONDS = 3
MIN_SLOW_SECONDS = 0.2  # a faster failure, such as a refused connection, makes nobody wait


class CircuitBreaker:
    """One breaker for all threads of a process: a slow failure opens it, any other outcome closes it.

    `make_error` makes the exception that callers get while the breaker is open; `failures` are the exceptions which
    mean that the server does not answer.
    """

    def __init__(self, make_error: Callable[[], Exception], *failures: type[Exception]) -> None:
        self._make_error = make_error
        self._failures = failures
        self._lock = Lock()
        self._open_until: float | None = None

    @contextmanager
    def guard(self) -> Iterator[None]:
        """Call the server inside the block. While the breaker is open, raises what `make_error` makes.

        After OPEN_SECONDS a single caller tries again.
        """
        started = self._enter()
        try:
            yield
        except Exception as error:
            if isinstance(error, self._failures) and time.monotonic() - started >= MIN_SLOW_SECONDS:
                self.open()
            else:
                self._open_until = None
            raise
        self._open_until = None

    def open(self) -> None:
        """Refuse all callers for OPEN_SECONDS."""
        self._open_until = time.monotonic() + OPEN_SECONDS

    def _enter(self) -> float:
        with self._lock:
            now = time.monotonic()
            if self._open_until is not None:
                if now < self._open_until:
                    raise self._make_error()
                self._open_until = now + OPEN_SECONDS  # for all others, while this caller tries
            return now
