"""Counts of what happened within the last so many seconds, kept in Redis; called by accounts/throttling.py.

Each count is a sorted set of entries with their times. A script looks at it and adds to it in one step, so that many
requests at once are counted one after the other. All times are of Redis' own clock. A value that is no such set, or has
impossible times, is dropped: who can write to Redis can empty a count, and cannot do more.
"""

import logging
import secrets
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import redis
from redis.commands.core import Script

from accounts.redis_client import reachable

logger = logging.getLogger(__name__)

# KEYS: the counts. ARGV: the new entry's name, or nothing to only look; then of each count the most that it may hold and
# its seconds. Adds the entry to all counts and returns 0, or adds it to none and returns in how many microseconds all of
# them will have room. Lua's numbers are exact below 2^53, which the time in microseconds reaches in the year 2255.
TAKE = """
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local wait = 0
for i, key in ipairs(KEYS) do
  local most, span = tonumber(ARGV[2 * i]), ARGV[2 * i + 1] * 1000000
  local kind = redis.call('TYPE', key)['ok']
  if kind ~= 'zset' and kind ~= 'none' then redis.call('UNLINK', key) end
  redis.call('ZREMRANGEBYSCORE', key, '-inf', string.format('%.0f', now - span))
  redis.call('ZREMRANGEBYSCORE', key, string.format('(%.0f', now), '+inf')
  redis.call('PEXPIRE', key, string.format('%.0f', span / 1000))
  local held = redis.call('ZCARD', key)
  if held >= most then
    local last = redis.call('ZRANGE', key, held - most, held - most, 'WITHSCORES')
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
    """At most `most` within any `seconds`, counted under `key`."""

    key: str
    most: int
    seconds: int


def take(limits: Sequence[Limit], entry: str = "") -> float:
    """Count `entry` under every limit and return 0, or under none and return the seconds until there is room.

    Without an entry nothing is counted. While Redis does not answer there is room for everybody.
    """
    numbers = [number for limit in limits for number in (limit.most, limit.seconds)]
    try:
        with reachable() as client:
            wait = _script(client)([limit.key for limit in limits], [entry, *numbers])
    except (redis.RedisError, OSError) as error:
        _warn(error)
        return 0
    return int(wait) / 1_000_000


def take_back(limits: Sequence[Limit], entry: str) -> None:
    """Undo the counting of `entry`."""
    try:
        with reachable() as client, client.pipeline(transaction=False) as pipeline:
            for limit in limits:
                pipeline.zrem(limit.key, entry)
            pipeline.execute()
    except (redis.RedisError, OSError) as error:
        _warn(error)


def new_entry() -> str:
    return secrets.token_hex(8)


def _warn(error: Exception) -> None:
    logger.warning("Requests are not throttled, the broker does not answer: %s", type(error).__name__)


@cache
def _script(connection: redis.Redis) -> Script:
    return connection.register_script(TAKE)
