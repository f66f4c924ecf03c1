"""The connection to Redis for small values that this process reads and writes itself; Celery has its own."""

from functools import cache

import redis
from django.conf import settings


def client() -> redis.Redis:
    """The client of this process for the address that the settings name; it connects when it is first used."""
    return _client(settings.REDIS_CLIENT_URL)


@cache
def _client(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, **settings.REDIS_CLIENT_OPTIONS)
