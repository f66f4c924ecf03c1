"""The broker's side of Celery: kombu's Redis transport, which survives whatever stands in Redis and a broker that dies.

Three things are different. Elements and keys that are not ours are left out or moved aside, with a line in the log.
No time of this machine is written for others to compare with: what has been taken is dated by the broker, and a delay
travels as seconds. A message with the header `once` is not sent while the last one of that name waits in the queue.
"""

import json
import logging
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from queue import Empty
from typing import Any

from celery import current_app
from kombu.transport import TRANSPORT_ALIASES
from kombu.transport import redis as kombu_redis
from redis import Redis
from redis.client import Pipeline, PubSub
from redis.exceptions import ConnectionError, RedisError, ResponseError

from config.task_messages import Nonsense, read_task

logger = logging.getLogger(__name__)

WAITING = "perennial.waiting"  # the last message of each name that is sent once, as it stands in its queue
KINDS = {"unacked": "hash", "unacked_index": "zset", "unacked_mutex": "string", WAITING: "hash"}
ASIDE_SECONDS = 7 * 24 * 3600
CLOCK_SET_BACK = (
    60  # seconds: what was taken later than that from now was taken before the broker's clock was set back
)

PUSH_ONCE = """
local waiting = redis.call('HGET', KEYS[2], ARGV[1])
if waiting and redis.call('LPOS', KEYS[1], waiting) then
    return 0
end
redis.call('LPUSH', KEYS[1], ARGV[2])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
return 1
"""


def kind_of(key: str) -> str:
    """What a key of kombu's holds, in the words of Redis' TYPE."""
    if key.startswith("_kombu.binding"):
        return "zset" if key == "_kombu.binding_deadlines" else "set"
    return KINDS.get(key, "list")


def move_aside(client: Redis, keys: Iterable[Any], error: ResponseError) -> None:
    """Rename those of the keys that hold something else than they should; raises `error` when that is not what it says."""
    if "WRONGTYPE" not in str(error):
        raise error
    for key in keys:
        found = _text(client.type(key))
        if found not in ("none", kind_of(key)):
            client.rename(key, f"{key}.aside")
            client.expire(f"{key}.aside", ASIDE_SECONDS)
            logger.warning("The broker's key %r held a %s; it is %r now.", key, found, f"{key}.aside")


def _keys(command: Sequence[Any]) -> Sequence[Any]:
    """The keys of one of the commands that kombu sends."""
    if command[0] == "EVALSHA":
        return command[3 : 3 + int(command[2])]
    return command[1:-1] if command[0] == "BRPOP" else command[1:2]


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value


class Client(Redis):
    """Redis, where a command whose key holds something else has that moved aside and is sent again."""

    def execute_command(self, *args: Any, **options: Any) -> Any:
        try:
            return super().execute_command(*args, **options)
        except ResponseError as error:
            move_aside(self, _keys(args), error)
            return super().execute_command(*args, **options)

    def pipeline(self, transaction: bool = True, shard_hint: Any = None) -> Pipeline:
        return MendingPipeline(self.connection_pool, self.response_callbacks, transaction, shard_hint)

    def parse_response(self, connection: Any, command_name: str, **options: Any) -> Any:
        """Of what a queue gave only a message of ours; None, as when there is nothing, with a line in the log."""
        reply = super().parse_response(connection, command_name, **options)
        if command_name != "BRPOP" or not reply:
            return reply
        key, element = reply
        try:
            queue = _text(key).split(Channel.sep)[0]
            return key, json.dumps(read_task(element, current_app.tasks, queue))
        except Nonsense as reason:
            logger.warning("An element of the queue (%d bytes) is left out: %s.", len(element), reason)
        except Exception as error:  # of a kind that nobody has thought of: it must not end the worker
            kind = type(error).__name__
            logger.warning(
                "An element of the queue (%d bytes) is left out: reading it failed (%s).", len(element), kind
            )
        return None

    def pubsub(self, **options: Any) -> PubSub:
        return Broadcasts(self.connection_pool, **options)


class Broadcasts(PubSub):
    """Subscriptions, from which nothing comes that is not an object in JSON."""

    def parse_response(self, *args: Any, **options: Any) -> Any:
        response = super().parse_response(*args, **options)
        if not isinstance(response, list) or _text(response[0]) not in ("message", "pmessage"):
            return response
        try:
            if isinstance(json.loads(response[-1]), dict):
                return response
        except (ValueError, RecursionError):
            pass
        logger.warning("A broadcast (%d bytes) is left out: it is no object in JSON.", len(response[-1]))
        return None


class MendingPipeline(Pipeline):
    """The same for several commands at once; those that kombu sends may be sent twice."""

    def execute(self, raise_on_error: bool = True) -> list[Any]:
        commands = list(self.command_stack)
        try:
            return super().execute(raise_on_error)
        except ResponseError as error:
            keys = [key for args, _ in commands for key in _keys(args)]
            move_aside(Client(connection_pool=self.connection_pool), keys, error)
            self.command_stack = commands
            return super().execute(raise_on_error)

    def immediate_execute_command(self, *args: Any, **options: Any) -> Any:
        try:
            return super().immediate_execute_command(*args, **options)
        except ResponseError as error:
            move_aside(Client(connection_pool=self.connection_pool), _keys(args), error)
            return super().immediate_execute_command(*args, **options)


class QoS(kombu_redis.QoS):
    """What a worker has taken and not done yet, dated by the broker's clock."""

    def append(self, message: Any, delivery_tag: str) -> None:
        stored = json.dumps([message._raw, "", message.delivery_info["routing_key"]])
        with self.channel.conn_or_acquire() as client, client.pipeline() as pipe:
            pipe.zadd(self.unacked_index_key, {delivery_tag: _now(client)})
            pipe.hset(self.unacked_key, delivery_tag, stored)
            if once := message.headers.get("once"):
                pipe.hdel(WAITING, once)
            pipe.execute()
        super(kombu_redis.QoS, self).append(message, delivery_tag)

    def restore_visible(self, start: int = 0, num: int = 10, interval: int = 10) -> None:
        """Put back what was taken more than the visibility timeout ago, every `interval` calls."""
        self._vrestore_count += 1
        if (self._vrestore_count - 1) % (interval or 1):
            return
        with self.channel.conn_or_acquire() as client:
            self._free_mutex(client)
            try:
                with kombu_redis.Mutex(client, self.unacked_mutex_key, self.unacked_mutex_expire):
                    for tag in self._overdue(client, num):
                        self.restore_by_tag(tag, client)
            except kombu_redis.MutexHeld:
                pass

    def _free_mutex(self, client: Redis) -> None:
        """Delete a lock that nobody took in our way, as it would be held for ever."""
        if client.exists(self.unacked_mutex_key) and not (
            0 <= client.ttl(self.unacked_mutex_key) <= self.unacked_mutex_expire
        ):
            client.delete(self.unacked_mutex_key)

    def _overdue(self, client: Redis, most: int | None) -> list[bytes]:
        now = _now(client)
        ranges = [("-inf", now - self.visibility_timeout), (now + CLOCK_SET_BACK, "+inf")]
        return [
            tag
            for low, high in ranges
            for tag in client.zrange(
                self.unacked_index_key, low, high, byscore=True, offset=most and 0, num=most
            )
        ]

    def restore_by_tag(self, tag: bytes | str, client: Redis | None = None, leftmost: bool = False) -> None:
        def restore(pipe: Pipeline) -> None:
            stored = pipe.hget(self.unacked_key, tag)
            pipe.multi()
            self._remove_from_indices(tag, pipe)
            if stored and (message := _restorable(stored)):
                queue = message["properties"]["delivery_info"]["routing_key"]
                key = self.channel._q_for_pri(queue, message["properties"]["priority"])
                (pipe.lpush if leftmost else pipe.rpush)(key, json.dumps(message))

        with self.channel.conn_or_acquire(client) as client:
            client.transaction(restore, self.unacked_key)


def _now(client: Redis) -> float:
    """The broker's time in seconds."""
    seconds, microseconds = client.time()
    return seconds + microseconds / 1e6


def _restorable(stored: bytes) -> dict[str, Any] | None:
    """The message that was taken, for the queue that it came from; None with a line in the log when it is none."""
    try:
        taken, _, queue = json.loads(stored)
        if queue not in current_app.amqp.queues:
            raise Nonsense("it came from no queue of ours")
        return read_task(json.dumps(taken), current_app.tasks, queue)
    except Nonsense as reason:
        logger.warning("A message that a worker had taken (%d bytes) is left out: %s.", len(stored), reason)
    except Exception:
        logger.warning("What stood among messages taken (%d bytes) is left out: it is none.", len(stored))
    return None


class Channel(kombu_redis.Channel):
    QoS = QoS

    def _get_client(self) -> type[Redis]:
        super()._get_client()  # which checks the version
        return Client

    def _connparams(self, asynchronous: bool = False) -> dict[str, Any]:
        """Raise what a lost connection raises, where a channel that has been closed is used once more."""
        if self.connection is None or self.connection.client is None:
            raise ConnectionError("The connection to the broker has been given up.")
        return super()._connparams(asynchronous)

    def get_table(self, exchange: str) -> list[tuple[str, ...]]:
        """The bindings of an exchange: those declared here, which a broker that was emptied has lost, or what it has."""
        declared = self.state.exchanges.get(exchange, {}).get("table")
        return declared or list(self._stored_bindings(exchange))

    def _stored_bindings(self, exchange: str) -> Iterable[tuple[str, ...]]:
        with self.conn_or_acquire() as client:
            for stored in client.smembers(self.keyprefix_queue % exchange):
                binding = tuple(stored.decode(errors="replace").split(self.sep))
                if len(binding) == 3:
                    yield binding

    def _put(self, queue: str, message: dict[str, Any], **kwargs: Any) -> None:
        """Send; one with the header `once` unless the last one of that name waits in the queue still."""
        headers = message["headers"]
        if eta := headers.get("eta"):
            headers["delay"] = _seconds_until(eta)
        if "once" not in headers:
            super()._put(queue, message, **kwargs)
            return
        key = self._q_for_pri(queue, self._get_message_priority(message))
        with self.conn_or_acquire() as client:
            push = client.register_script(PUSH_ONCE)
            push(keys=[key, WAITING], args=[headers["once"], json.dumps(message)])

    def _brpop_read(self, **options: Any) -> Any:
        """Read what a queue gave and hand it over.

        There is nothing when its key holds something else, which is moved aside, or when taking the message fails by any
        error that is not the broker's: the worker goes on without it.
        """
        try:
            return super()._brpop_read(**options)
        except ResponseError as error:
            keys = [
                self._q_for_pri(queue, step) for queue in self.active_queues for step in self.priority_steps
            ]
            with self.conn_or_acquire() as client:
                move_aside(client, keys, error)
            raise Empty from error
        except (*Transport.connection_errors, *Transport.channel_errors, Empty):
            raise
        except Exception as error:
            logger.warning("A message is left out: taking it failed (%s).", type(error).__name__)
            raise Empty from error

    def _deliver_fanout_message(self, message: Any, exchange: str) -> bool:
        """Hand over a broadcast; one that cannot be read is left out."""
        try:
            return super()._deliver_fanout_message(message, exchange)
        except (OSError, RedisError):
            raise
        except Exception as error:
            logger.warning("A broadcast is left out: it cannot be read (%s).", type(error).__name__)
            return False


class Transport(kombu_redis.Transport):
    Channel = Channel


def install() -> None:
    """Make it the transport of all redis:// and rediss:// addresses."""
    for scheme in ("redis", "rediss"):
        TRANSPORT_ALIASES[scheme] = f"{__name__}:Transport"


def _seconds_until(eta: str) -> int:
    return max(0, round((datetime.fromisoformat(eta) - datetime.now(UTC)).total_seconds()))
