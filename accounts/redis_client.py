"""This process' own Redis connection, behind a circuit breaker; Celery has connections of its own.

Called where small values are read or written (rate counters, backlog, readiness, versions of inboxes) and around sending a
task message.
"""

import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache

import redis
from django.conf import settings
from kombu.exceptions import KombuError
from redis.connection import AbstractConnection

from accounts.circuit_breaker import CircuitBreaker

# The errors of redis-py, Celery and sockets. Other errors in a guarded block, such as a slow query's, do not open the breaker.
FAILURES = (redis.RedisError, KombuError, OSError)
# Of a connection that waits for no replies: connecting, which does, notices that the server's host is gone.
MAX_CONNECTION_SECONDS = 60
breaker = CircuitBreaker(lambda: redis.ConnectionError("Redis did not answer a moment ago."), *FAILURES)


@contextmanager
def guarded_client() -> Iterator[redis.Redis]:
    """Yield the client for one exchange with Redis, by this client or by Celery.

    Raises redis.ConnectionError at once while the breaker is open.
    """
    with breaker.guard():
        yield client()


def send(commands: Sequence[tuple[str | bytes | int, ...]]) -> None:
    """Send commands without waiting for replies, which takes a quarter of the time of an exchange.

    For commands that may be lost: an error of Redis is not seen. Raises FAILURES when they cannot be sent.
    """
    with breaker.guard():
        connection = _connection()
        packed = connection.pack_commands([("CLIENT", "REPLY", "OFF"), *commands])
        try:
            connection.send_packed_command(packed, check_health=False)
        except redis.ConnectionError:  # Redis has closed it since the last call; sending again connects anew
            connection.send_packed_command(packed, check_health=False)


class _Thread(threading.local):
    """What a thread keeps for `send`: a connection, the address that it is for, and the time until which it is used."""

    connection: AbstractConnection | None = None
    url = ""
    use_until = 0.0


_thread = _Thread()


def _connection() -> AbstractConnection:
    """This thread's connection for `send`, which connects when it is used; a new one in a forked process."""
    url, now = settings.REDIS_CLIENT_URL, time.monotonic()
    connection = _thread.connection
    if connection and connection.pid == os.getpid() and _thread.url == url and now < _thread.use_until:
        return connection
    if connection:
        connection.disconnect()
    pool = client().connection_pool
    connection = pool.connection_class(**pool.connection_kwargs)
    _thread.connection, _thread.url, _thread.use_until = connection, url, now + MAX_CONNECTION_SECONDS
    return connection


def client() -> redis.Redis:
    """Return this process' client of settings.REDIS_CLIENT_URL; it connects on first use."""
    return _client(settings.REDIS_CLIENT_URL)


@cache
def _client(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, **settings.REDIS_CLIENT_OPTIONS)
