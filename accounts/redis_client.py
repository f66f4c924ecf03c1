"""This process' own connection to Redis, and when to leave Redis alone; Celery has connections of its own.

Used by whoever reads or writes small values (counts, marks, readiness) and around sending a task message. Redis that
takes connections and does not answer costs each caller its time limit, so after the first it is not asked for some seconds.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import Lock

import redis
from django.conf import settings

PAUSE = 3  # seconds
SLOW = 0.2  # seconds: a failure that comes sooner, such as a refused connection, holds nobody up


class Away(redis.ConnectionError):
    """Redis has just let somebody wait in vain; it is not asked again for PAUSE seconds."""


class Breaker:
    """A circuit breaker for all threads of a process: opened by a slow failure, closed by the first answer after it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._open_until: float | None = None

    @contextmanager
    def guard(self) -> Iterator[None]:
        """Ask the server in the block; raises Away while the breaker is open. After PAUSE one caller tries, alone."""
        began = self._enter()
        try:
            yield
        except Exception:
            now = time.monotonic()
            self._open_until = now + PAUSE if now - began >= SLOW else None
            raise
        self._open_until = None

    def _enter(self) -> float:
        with self._lock:
            now = time.monotonic()
            if self._open_until is not None:
                if now < self._open_until:
                    raise Away("Redis did not answer a moment ago.")
                self._open_until = now + PAUSE  # for all others, while this caller tries
            return now


_breaker = Breaker()


@contextmanager
def reachable() -> Iterator[redis.Redis]:
    """The client, for one exchange with Redis, be it the client's or Celery's; raises Away instead of waiting in vain."""
    with _breaker.guard():
        yield client()


def client() -> redis.Redis:
    """The client of this process for the address that the settings name; it connects when it is first used."""
    return _client(settings.REDIS_CLIENT_URL)


@cache
def _client(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, **settings.REDIS_CLIENT_OPTIONS)
