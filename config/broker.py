"""kombu's Redis transport, hardened: the worker survives invalid data in Redis, and a broker that is killed or emptied.

`config/celery.py` installs it for all redis:// and rediss:// URLs. It differs from kombu's in four ways:

* Invalid queue elements are skipped, and keys of the wrong type are renamed; both are logged (`config/broker_client.py`).
* No time by this machine's clock is stored for other machines to compare with. Reserved messages get their time from
  the broker's clock; delays are sent in seconds.
* A worker whose acknowledgements fail takes new messages as soon as the broker is back.
* A message with the header `once` is not sent while the last one with the same value is still in the queue.

"Reserved" are the messages that a worker has taken from the queue and not acknowledged yet; kombu calls them unacked.
"""

import json
import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from queue import Empty
from typing import Any

from celery import current_app
from kombu.transport import TRANSPORT_ALIASES
from kombu.transport import redis as kombu_redis
from redis import Redis
from redis.client import Pipeline
from redis.exceptions import ConnectionError, RedisError, ResponseError

from config.broker_client import ONCE_MESSAGES, Client, rename_keys_of_wrong_type
from config.task_messages import InvalidMessage, read_task

logger = logging.getLogger(__name__)

# A message reserved further in the future than this was reserved before the broker's clock was set back.
MAX_CLOCK_DIFFERENCE = 60  # seconds

PUSH_ONCE = """
local waiting = redis.call('HGET', KEYS[2], ARGV[1])
if waiting and redis.call('LPOS', KEYS[1], waiting) then
    return 0
end
redis.call('LPUSH', KEYS[1], ARGV[2])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
return 1
"""


class QoS(kombu_redis.QoS):
    """The reserved messages, with the broker's time of each reservation."""

    def append(self, message: Any, delivery_tag: str) -> None:
        stored = json.dumps([message._raw, "", message.delivery_info["routing_key"]])
        with self.channel.conn_or_acquire() as client, client.pipeline() as pipe:
            pipe.zadd(self.unacked_index_key, {delivery_tag: _broker_time(client)})
            pipe.hset(self.unacked_key, delivery_tag, stored)
            if once := message.headers.get("once"):
                pipe.hdel(ONCE_MESSAGES, once)
            pipe.execute()
        super(kombu_redis.QoS, self).append(message, delivery_tag)

    def ack(self, delivery_tag: str) -> None:
        with self._finishes(delivery_tag):
            super().ack(delivery_tag)

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        with self._finishes(delivery_tag):
            super().reject(delivery_tag, requeue)

    @contextmanager
    def _finishes(self, delivery_tag: str) -> Iterator[None]:
        """Count the message as finished also when the broker cannot be told, so that the worker takes another one.

        Such a message stays reserved in the broker and is requeued after the visibility timeout.
        """
        try:
            yield
        except (OSError, RedisError):
            super(kombu_redis.QoS, self).ack(delivery_tag)
            raise

    def restore_visible(self, start: int = 0, num: int = 10, interval: int = 10) -> None:
        """On every `interval`th call, requeue messages that were reserved longer ago than the visibility timeout."""
        self._vrestore_count += 1
        if (self._vrestore_count - 1) % (interval or 1):
            return
        with self.channel.conn_or_acquire() as client:
            self._delete_invalid_mutex(client)
            try:
                with kombu_redis.Mutex(client, self.unacked_mutex_key, self.unacked_mutex_expire):
                    for tag in self._expired_tags(client, num):
                        self.restore_by_tag(tag, client)
            except kombu_redis.MutexHeld:
                pass

    def _delete_invalid_mutex(self, client: Redis) -> None:
        """Delete a mutex without an expiry, or with one longer than kombu sets: it would never be released."""
        if client.exists(self.unacked_mutex_key) and not (
            0 <= client.ttl(self.unacked_mutex_key) <= self.unacked_mutex_expire
        ):
            client.delete(self.unacked_mutex_key)

    def _expired_tags(self, client: Redis, limit: int | None) -> list[bytes]:
        now = _broker_time(client)
        ranges = [("-inf", now - self.visibility_timeout), (now + MAX_CLOCK_DIFFERENCE, "+inf")]
        return [
            tag
            for low, high in ranges
            for tag in client.zrange(
                self.unacked_index_key, low, high, byscore=True, offset=limit and 0, num=limit
            )
        ]

    def restore_by_tag(self, tag: bytes | str, client: Redis | None = None, leftmost: bool = False) -> None:
        """Requeue one reserved message; an invalid one is only removed."""

        def restore(pipe: Pipeline) -> None:
            stored = pipe.hget(self.unacked_key, tag)
            pipe.multi()
            self._remove_from_indices(tag, pipe)
            if stored and (message := _reserved_message(stored)):
                queue = message["properties"]["delivery_info"]["routing_key"]
                key = self.channel._q_for_pri(queue, message["properties"]["priority"])
                (pipe.lpush if leftmost else pipe.rpush)(key, json.dumps(message))

        with self.channel.conn_or_acquire(client) as client:
            client.transaction(restore, self.unacked_key)


def _broker_time(client: Redis) -> float:
    """The broker's time in seconds since 1970."""
    seconds, microseconds = client.time()
    return seconds + microseconds / 1e6


def _reserved_message(stored: bytes) -> dict[str, Any] | None:
    """The stored message, ready to be requeued; None, with a line in the log, when it is invalid."""
    try:
        message, _, queue = json.loads(stored)
        if queue not in current_app.amqp.queues:
            raise InvalidMessage("its queue does not exist")
        return read_task(json.dumps(message), current_app.tasks, queue)
    except InvalidMessage as reason:
        logger.warning("A reserved message (%d bytes) was skipped: %s.", len(stored), reason)
    except Exception:
        logger.warning("A reserved message (%d bytes) was skipped: it cannot be read.", len(stored))
    return None


class Channel(kombu_redis.Channel):
    QoS = QoS

    def _get_client(self) -> type[Redis]:
        super()._get_client()  # checks the version of redis-py
        return Client

    def _connparams(self, asynchronous: bool = False) -> dict[str, Any]:
        """Raise ConnectionError when the channel has been closed, so that callers reconnect."""
        if self.connection is None or self.connection.client is None:
            raise ConnectionError("The connection to the broker was closed.")
        return super()._connparams(asynchronous)

    def get_table(self, exchange: str) -> list[tuple[str, ...]]:
        """The exchange's bindings: those declared by this process, since an emptied broker has lost them; else Redis'."""
        declared = self.state.exchanges.get(exchange, {}).get("table")
        return declared or list(self._stored_bindings(exchange))

    def _stored_bindings(self, exchange: str) -> Iterable[tuple[str, ...]]:
        with self.conn_or_acquire() as client:
            for stored in client.smembers(self.keyprefix_queue % exchange):
                binding = tuple(stored.decode(errors="replace").split(self.sep))
                if len(binding) == 3:
                    yield binding

    def _put(self, queue: str, message: dict[str, Any], **kwargs: Any) -> None:
        """Send the message; with the header `once`, only if the last message of that name has left the queue."""
        headers = message["headers"]
        if eta := headers.get("eta"):
            headers["delay"] = _seconds_until(eta)
        if "once" not in headers:
            super()._put(queue, message, **kwargs)
            return
        key = self._q_for_pri(queue, self._get_message_priority(message))
        with self.conn_or_acquire() as client:
            push = client.register_script(PUSH_ONCE)
            push(keys=[key, ONCE_MESSAGES], args=[headers["once"], json.dumps(message)])

    def _brpop_read(self, **options: Any) -> Any:
        """Receive one message. Raises Empty when a queue's key had the wrong type, or receiving failed unexpectedly.

        Errors of the broker itself are raised as they are: kombu reconnects after them.
        """
        try:
            return super()._brpop_read(**options)
        except ResponseError as error:
            keys = [
                self._q_for_pri(queue, step) for queue in self.active_queues for step in self.priority_steps
            ]
            with self.conn_or_acquire() as client:
                rename_keys_of_wrong_type(client, keys, error)
            raise Empty from error
        except (*Transport.connection_errors, *Transport.channel_errors, Empty):
            raise
        except Exception as error:
            logger.warning("A message was skipped: receiving it failed (%s).", type(error).__name__)
            raise Empty from error

    def _deliver_fanout_message(self, message: Any, exchange: str) -> bool:
        """Deliver a broadcast; skip one that cannot be read."""
        try:
            return super()._deliver_fanout_message(message, exchange)
        except (OSError, RedisError):
            raise
        except Exception as error:
            logger.warning("A broadcast was skipped: it cannot be read (%s).", type(error).__name__)
            return False


class Transport(kombu_redis.Transport):
    Channel = Channel


def install() -> None:
    """Use this transport for all redis:// and rediss:// URLs of this process."""
    for scheme in ("redis", "rediss"):
        TRANSPORT_ALIASES[scheme] = f"{__name__}:Transport"


def _seconds_until(eta: str) -> int:
    return max(0, round((datetime.fromisoformat(eta) - datetime.now(UTC)).total_seconds()))
