"""Sliding-window counters in Redis; called by accounts/throttling.py.

Each counter is a sorted set of entries with their times. A Lua script checks and adds in one step, so that simultaneous
requests are counted one after the other. All times are Redis' own. A value that is no sorted set, and entries with times
in the future, are deleted: a client that can write to Redis can empty a counter, but do no more.
"""

import logging
import secrets
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import redis
from redis.commands.core import Script

from accounts.redis_client import guarded_client

logger = logging.getLogger(__name__)

# KEYS: the counters. ARGV: the entry to add ("" to only check), then of each counter its maximum and its seconds.
# Adds the entry to all counters and returns 0, or to none and returns the microseconds until all of them have room.
# Lua's numbers are exact below 2^53, which the time in microseconds reaches in the year 2255.
HIT_SCRIPT = """
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local wait = 0
for i, key in ipairs(KEYS) do
  local max, span = tonumber(ARGV[2 * i]), ARGV[2 * i + 1] * 1000000
  local kind = redis.call('TYPE', key)['ok']
  if kind ~= 'zset' and kind ~= 'none' then redis.call('UNLINK', key) end
  redis.call('ZREMRANGEBYSCORE', key, '-inf', string.format('%.0f', now - span))
  redis.call('ZREMRANGEBYSCORE', key, string.format('(%.0f', now), '+inf')
  redis.call('PEXPIRE', key, string.format('%.0f', span / 1000))
  local count = redis.call('ZCARD', key)
  if count >= max then
    local last = redis.call('ZRANGE', key, count - max, count - max, 'WITHSCORES')
    wait = math.max(wait, last[2] + span - now)
  end
end
if wait == 0 and ARGV[1] ~= '' then
  for i, key in ipairs(KEYS) do
    redis.call('ZADD', key, string.format('%.0f', now), ARGV[1])
    redis.call('PEXPIRE', key, string.format('%.0f', ARGV[2 * i + 1] * 1000))
  end
end
return wait
"""


class Limit(NamedTuple):
    """At most `max_hits` within any `seconds`, counted under the Redis key `key`."""

    key: str
    max_hits: int
    seconds: int


def hit(limits: Sequence[Limit], entry: str = "") -> float:
    """Add `entry` to every counter and return 0, or add it to none and return the seconds until there is room.

    Without an entry it only checks. Returns 0 while Redis fails, so that nobody is locked out.
    """
    numbers = [number for limit in limits for number in (limit.max_hits, limit.seconds)]
    try:
        with guarded_client() as client:
            wait = _script(client)([limit.key for limit in limits], [entry, *numbers])
    except (redis.RedisError, OSError) as error:
        _warn(error)
        return 0
    return int(wait) / 1_000_000


def undo_hit(limits: Sequence[Limit], entry: str) -> None:
    """Remove `entry` from the counters."""
    try:
        with guarded_client() as client, client.pipeline(transaction=False) as pipeline:
            for limit in limits:
                pipeline.zrem(limit.key, entry)
            pipeline.execute()
    except (redis.RedisError, OSError) as error:
        _warn(error)


def new_entry() -> str:
    """Return a random name for an entry."""
    return secrets.token_hex(8)


def _warn(error: Exception) -> None:
    logger.warning("Requests are not throttled, because Redis failed: %s: %s", type(error).__name__, error)


@cache
def _script(connection: redis.Redis) -> Script:
    return connection.register_script(HIT_SCRIPT)
