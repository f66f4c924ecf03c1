"""The Redis client of the broker transport: it renames keys of the wrong type and skips invalid queue elements.

Called by kombu through `config/broker.py`.
"""

import json
import logging
from collections.abc import Iterable, Sequence
from typing import Any

from celery import current_app
from kombu.transport.redis import Channel
from redis import Redis
from redis.client import Pipeline, PubSub
from redis.exceptions import ResponseError

from config.task_messages import InvalidMessage, read_task

logger = logging.getLogger(__name__)

ONCE_MESSAGES = (
    "perennial.waiting"  # key of a hash: value of the header `once` -> the last message sent with it
)
KEY_TYPES = {"unacked": "hash", "unacked_index": "zset", "unacked_mutex": "string", ONCE_MESSAGES: "hash"}
RENAMED_KEY_SECONDS = 7 * 24 * 3600  # until a renamed key expires


def expected_type(key: str) -> str:
    """The type of one of kombu's keys, as Redis' TYPE names it."""
    if key.startswith("_kombu.binding"):
        return "zset" if key == "_kombu.binding_deadlines" else "set"
    return KEY_TYPES.get(key, "list")


def rename_keys_of_wrong_type(client: Redis, keys: Iterable[Any], error: ResponseError) -> None:
    """After WRONGTYPE, rename each key that has another type than kombu expects. Raises any other `error`."""
    if "WRONGTYPE" not in str(error):
        raise error
    for key in keys:
        found = _text(client.type(key))
        if found not in ("none", expected_type(key)):
            new_name = f"{key}.aside"
            client.rename(key, new_name)
            client.expire(new_name, RENAMED_KEY_SECONDS)
            logger.warning("The broker's key %r held a %s; it was renamed to %r.", key, found, new_name)


def _keys(command: Sequence[Any]) -> Sequence[Any]:
    """The keys that a command of kombu's names."""
    if command[0] == "EVALSHA":
        return command[3 : 3 + int(command[2])]
    return command[1:-1] if command[0] == "BRPOP" else command[1:2]


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value


class Client(Redis):
    """Renames keys of the wrong type and then retries the command; skips invalid queue elements."""

    def execute_command(self, *args: Any, **options: Any) -> Any:
        try:
            return super().execute_command(*args, **options)
        except ResponseError as error:
            rename_keys_of_wrong_type(self, _keys(args), error)
            return super().execute_command(*args, **options)

    def pipeline(self, transaction: bool = True, shard_hint: Any = None) -> Pipeline:
        return RetryingPipeline(self.connection_pool, self.response_callbacks, transaction, shard_hint)

    def parse_response(self, connection: Any, command_name: str, **options: Any) -> Any:
        """BRPOP returns only valid messages; for an invalid one None, as if the queue were empty."""
        reply = super().parse_response(connection, command_name, **options)
        if command_name != "BRPOP" or not reply:
            return reply
        key, element = reply
        try:
            queue = _text(key).split(Channel.sep)[0]
            return key, json.dumps(read_task(element, current_app.tasks, queue))
        except InvalidMessage as reason:
            logger.warning("A queue element (%d bytes) was skipped: %s.", len(element), reason)
        except Exception as error:  # an unforeseen error must not end the worker
            error_type = type(error).__name__
            logger.warning(
                "A queue element (%d bytes) was skipped: reading it failed (%s).", len(element), error_type
            )
        return None

    def pubsub(self, **options: Any) -> PubSub:
        return ValidatingPubSub(self.connection_pool, **options)


class ValidatingPubSub(PubSub):
    """Skips broadcasts that are not JSON objects."""

    def parse_response(self, *args: Any, **options: Any) -> Any:
        response = super().parse_response(*args, **options)
        if not isinstance(response, list) or _text(response[0]) not in ("message", "pmessage"):
            return response
        try:
            if isinstance(json.loads(response[-1]), dict):
                return response
        except (ValueError, RecursionError):
            pass
        logger.warning("A broadcast (%d bytes) was skipped: it is not a JSON object.", len(response[-1]))
        return None


class RetryingPipeline(Pipeline):
    """Renames keys of the wrong type and then retries all commands. kombu's pipelines may run twice."""

    def execute(self, raise_on_error: bool = True) -> list[Any]:
        commands = list(self.command_stack)
        try:
            return super().execute(raise_on_error)
        except ResponseError as error:
            keys = [key for args, _ in commands for key in _keys(args)]
            rename_keys_of_wrong_type(Client(connection_pool=self.connection_pool), keys, error)
            self.command_stack = commands
            return super().execute(raise_on_error)

    def immediate_execute_command(self, *args: Any, **options: Any) -> Any:
        try:
            return super().immediate_execute_command(*args, **options)
        except ResponseError as error:
            rename_keys_of_wrong_type(Client(connection_pool=self.connection_pool), _keys(args), error)
            return super().immediate_execute_command(*args, **options)
