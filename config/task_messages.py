"""What a task message must be. Whoever can write to the broker can put anything there, so a worker takes over nothing else.

Pure: `config/broker.py` calls it with each element of the queue.
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
ONCE = re.compile(r"[^\x00-\x1f\ud800-\udfff]{1,200}")  # a schedule's name, or one that the tasks give
MAX_RETRIES = 100
MAX_DELAY = 1_800  # seconds
LOGGED = ("request_id", "user_id", "parent_task_id")  # of the context that django-structlog sends along
NUMBERS = {int: (int,), int | None: (int, NoneType)}  # what arguments of these annotations may be
OWN = ("celery.backend_cleanup",)  # Celery's other tasks (chords, maps) run what their arguments name


class Nonsense(Exception):
    """The message says what is wrong, and nothing of the content."""


def read_task(element: bytes | str, tasks: Mapping[str, Any], queue: str) -> dict[str, Any]:
    """A message for kombu, made anew of what is known of an element of `queue`; `tasks` are the registered ones by name.

    Raises Nonsense. Serializers other than JSON, deadlines by the sender's clock, callbacks and whatever else the
    element has are left out. A delay in seconds becomes a time of this machine's clock.
    """
    message = _mapping(_json(element), "message")
    headers = _mapping(message.get("headers"), "headers")
    name, id = headers.get("task"), headers.get("id")
    if not isinstance(name, str) or name not in tasks or (name.startswith("celery.") and name not in OWN):
        raise Nonsense("it names no task of ours")
    if not isinstance(id, str) or not ID.fullmatch(id):
        raise Nonsense("it has no usable id")
    args, kwargs = _arguments(message, tasks[name])
    return {
        "headers": _headers(headers, name, id, args, kwargs),
        "properties": _properties(message.get("properties"), id, queue),
        "content-type": "application/json",
        "content-encoding": "utf-8",
        "body": base64.b64encode(json.dumps([args, kwargs, NO_CALLBACKS]).encode()).decode(),
    }


NO_CALLBACKS = dict.fromkeys(("callbacks", "errbacks", "chain", "chord"))


def _json(text: bytes | str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise Nonsense("it is not JSON") from None


def _mapping(value: Any, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Nonsense(f"its {what} is no object" if what == "message" else f"its {what} are no object")
    return value


def _arguments(message: dict[str, Any], task: Any) -> tuple[list[Any], dict[str, Any]]:
    """Positional and named arguments, checked against the task's own signature."""
    if message.get("content-type") != "application/json":
        raise Nonsense("its content is not application/json")
    body = _json(_decoded(message))
    if not isinstance(body, list) or len(body) != 3:
        raise Nonsense("its body is not a list of three")
    args, kwargs = body[:2]
    if not isinstance(args, list) or not isinstance(kwargs, dict):
        raise Nonsense("its arguments are not a list and an object")
    check_arguments(signature(task.run), args, kwargs)
    return args, kwargs


def _decoded(message: dict[str, Any]) -> bytes | str:
    body, properties = message.get("body"), message.get("properties")
    encoding = properties.get("body_encoding") if isinstance(properties, dict) else None
    if not isinstance(body, str):
        raise Nonsense("its body is no text")
    if encoding != "base64":
        return body
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        raise Nonsense("its body is not base64") from None


def check_arguments(expected: Signature, args: list[Any], kwargs: dict[str, Any]) -> None:
    """Raise Nonsense unless they are what a task of that signature takes."""
    try:
        given = expected.bind(*args, **kwargs).arguments
    except TypeError:
        raise Nonsense("its arguments are not those of the task") from None
    for name, value in given.items():
        numbers = NUMBERS.get(expected.parameters[name].annotation)
        if numbers and type(value) not in numbers:
            raise Nonsense("an argument is not a number")


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
        "retries": _whole(given.get("retries"), MAX_RETRIES),
        "timelimit": [None, None],
        "argsrepr": repr(args)[:100],
        "kwargsrepr": repr(kwargs)[:100],
        "origin": "",
        "ignore_result": True,
        "__django_structlog__": _context(given.get("__django_structlog__")),
    }
    if delay := _whole(given.get("delay"), MAX_DELAY):
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
        "priority": _whole(priority, 9),
        "body_encoding": "base64",
        "delivery_tag": str(uuid.uuid4()),
    }


def _context(given: Any) -> dict[str, Any]:
    known = {name: given.get(name) for name in LOGGED} if isinstance(given, dict) else {}
    return {
        name: value
        for name, value in known.items()
        if type(value) is int or (isinstance(value, str) and ID.fullmatch(value))
    }


def _whole(value: Any, most: int) -> int:
    """The whole number that was given, within bounds; 0 for anything else."""
    return max(0, min(value, most)) if type(value) is int else 0
