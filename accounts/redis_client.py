"""This process' own connection to Redis; Celery has connections of its own.

Used by whoever reads or writes small values (counts, marks, readiness), and around sending a task message.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import redis
from django.conf import settings
from kombu.exceptions import KombuError

from accounts.circuit_breaker import Breaker

# redis-py's own, Celery's, and a socket's; what else is done in the block, such as a query, may fail as slowly.
FAILURES = (redis.RedisError, KombuError, OSError)
breaker = Breaker(lambda: redis.ConnectionError("Redis did not answer a moment ago."), *FAILURES)


@contextmanager
def reachable() -> Iterator[redis.Redis]:
    """The client, for one exchange with Redis, be it the client's or Celery's.

    Raises redis.ConnectionError at once where Redis has just let somebody wait in vain.
    """
    with breaker.guard():
        yield client()


def client() -> redis.Redis:
    """The client of this process for the address that the settings name; it connects when it is first used."""
    return _client(settings.REDIS_CLIENT_URL)


@cache
def _client(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, **settings.REDIS_CLIENT_OPTIONS)
