"""This process' own Redis connection, behind a circuit breaker; Celery has connections of its own.

Called where small values are read or written (rate counters, backlog, readiness) and around sending a task message.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import redis
from django.conf import settings
from kombu.exceptions import KombuError

from accounts.circuit_breaker import CircuitBreaker

# The errors of redis-py, Celery and sockets. Other errors in a guarded block, such as a slow query's, do not open the breaker.
FAILURES = (redis.RedisError, KombuError, OSError)
breaker = CircuitBreaker(lambda: redis.ConnectionError("Redis did not answer a moment ago."), *FAILURES)


@contextmanager
def guarded_client() -> Iterator[redis.Redis]:
    """Yield the client for one exchange with Redis, by this client or by Celery.

    Raises redis.ConnectionError at once while the breaker is open.
    """
    with breaker.guard():
        yield client()


def client() -> redis.Redis:
    """Return this process' client of settings.REDIS_CLIENT_URL; it connects on first use."""
    return _client(settings.REDIS_CLIENT_URL)


@cache
def _client(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, **settings.REDIS_CLIENT_OPTIONS)
