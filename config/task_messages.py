"""Validates task messages: workers run only registered tasks with valid arguments, whatever the broker contains.

No I/O; a delay is added to this machine's clock. `config/broker.py` calls `read_task` with each queue element, `config/schedule_checks.py` calls
`check_arguments`.
"""

import base64
import binascii
import json
import re
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from inspect import Signature, signature
from types import NoneType
from typing import Any

ID = re.compile(r"[\w.:@-]{1,100}", re.ASCII)
# A schedule's name, or a name that the task code gives.
ONCE = re.compile(r"[^\x00-\x1f\ud800-\udfff]{1,200}")
MAX_RETRIES = 100
MAX_DELAY = 1_800  # seconds
# The values of django-structlog's context that are kept.
LOG_CONTEXT = ("request_id", "user_id", "parent_task_id")
# The types of values that arguments with these annotations may have.
INTEGER_TYPES = {int: (int,), int | None: (int, NoneType)}
ALLOWED_CELERY_TASKS = ("celery.backend_cleanup",)  # others (chords, maps) run tasks named in their arguments
NO_CALLBACKS = dict.fromkeys(("callbacks", "errbacks", "chain", "chord"))


class InvalidMessage(Exception):
    """Says what is wrong with the message, without quoting its content."""


def read_task(element: bytes | str, tasks: Mapping[str, Any], queue: str) -> dict[str, Any]:
    """Build a new message for kombu from the valid parts of a queue element; `tasks` are the registered tasks by name.

    Raises InvalidMessage. Left out are other serializers than JSON, expiries by the sender's clock, callbacks and all
    unknown fields. A delay in seconds becomes an `eta` by this machine's clock.
    """
    message = _mapping(_json(element), "message")
    headers = _mapping(message.get("headers"), "headers")
    name, id = headers.get("task"), headers.get("id")
    if not isinstance(name, str) or name not in tasks or not _is_allowed(name):
        raise InvalidMessage("it names no task that workers run")
    if not isinstance(id, str) or not ID.fullmatch(id):
        raise InvalidMessage("it has no valid id")
    args, kwargs = _arguments(message, tasks[name])
    return {
        "headers": _headers(headers, name, id, args, kwargs),
        "properties": _properties(message.get("properties"), id, queue),
        "content-type": "application/json",
        "content-encoding": "utf-8",
        "body": base64.b64encode(json.dumps([args, kwargs, NO_CALLBACKS]).encode()).decode(),
    }


def _is_allowed(name: str) -> bool:
    return not name.startswith("celery.") or name in ALLOWED_CELERY_TASKS


def _json(text: bytes | str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise InvalidMessage("it is not JSON") from None


def _mapping(value: Any, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InvalidMessage(f"its {name} {'is' if name == 'message' else 'are'} not an object")
    return value


def _arguments(message: dict[str, Any], task: Any) -> tuple[list[Any], dict[str, Any]]:
    """Positional and keyword arguments, checked against the task's signature."""
    if message.get("content-type") != "application/json":
        raise InvalidMessage("its content is not application/json")
    body = _json(_decoded_body(message))
    if not isinstance(body, list) or len(body) != 3:
        raise InvalidMessage("its body is not a list of three")
    args, kwargs = body[:2]
    if not isinstance(args, list) or not isinstance(kwargs, dict):
        raise InvalidMessage("its arguments are not a list and an object")
    check_arguments(signature(task.run), args, kwargs)
    return args, kwargs


def _decoded_body(message: dict[str, Any]) -> bytes | str:
    body, properties = message.get("body"), message.get("properties")
    encoding = properties.get("body_encoding") if isinstance(properties, dict) else None
    if not isinstance(body, str):
        raise InvalidMessage("its body is not text")
    if encoding != "base64":
        return body
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidMessage("its body is not base64") from None


def check_arguments(expected: Signature, args: list[Any], kwargs: dict[str, Any]) -> None:
    """Raise InvalidMessage unless a task of that signature accepts the arguments."""
    try:
        arguments = expected.bind(*args, **kwargs).arguments
    except TypeError:
        raise InvalidMessage("its arguments do not match the task") from None
    for name, value in arguments.items():
        allowed = INTEGER_TYPES.get(expected.parameters[name].annotation)
        if allowed and type(value) not in allowed:
            raise InvalidMessage("an argument is not an integer")


def _headers(
    given: dict[str, Any], name: str, id: str, args: list[Any], kwargs: dict[str, Any]
) -> dict[str, Any]:
    headers = {
        "lang": "py",
        "task": name,
        "id": id,
        "root_id": id,
        "parent_id": None,
        "group": None,
        "eta": None,
        "expires": None,
        "retries": _integer(given.get("retries"), MAX_RETRIES),
        "timelimit": [None, None],
        "argsrepr": repr(args)[:100],
        "kwargsrepr": repr(kwargs)[:100],
        "origin": "",
        "ignore_result": True,
        "__django_structlog__": _log_context(given.get("__django_structlog__")),
    }
    if delay := _integer(given.get("delay"), MAX_DELAY):
        headers |= {
            "delay": delay,
            "eta": (datetime.now(UTC) + timedelta(seconds=delay)).isoformat(),
        }
    if isinstance(once := given.get("once"), str) and ONCE.fullmatch(once):
        headers["once"] = once
    return headers


def _properties(given: Any, id: str, queue: str) -> dict[str, Any]:
    priority = given.get("priority") if isinstance(given, dict) else 0
    return {
        "correlation_id": id,
        "reply_to": "",
        "delivery_mode": 2,
        "delivery_info": {"exchange": "", "routing_key": queue},
        "priority": _integer(priority, 9),
        "body_encoding": "base64",
        "delivery_tag": str(uuid.uuid4()),
    }


def _log_context(given: Any) -> dict[str, Any]:
    known = {name: given.get(name) for name in LOG_CONTEXT} if isinstance(given, dict) else {}
    return {
        name: value
        for name, value in known.items()
        if type(value) is int or (isinstance(value, str) and ID.fullmatch(value))
    }


def _integer(value: Any, maximum: int) -> int:
    """`value` limited to 0..maximum; 0 when it is not an integer."""
    return max(0, min(value, maximum)) if type(value) is int else 0
