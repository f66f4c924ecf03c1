"""The worker survives invalid data in Redis and the death of the broker, and processes all valid messages."""

import base64
import json
import os
import signal
import time
from collections.abc import Iterator

import pytest
import redis

from tests.service_stack import ApiClient, ServiceStack, running_stack, until
from tests.test_flow import FULL, blocked_profiles

pytestmark = pytest.mark.fault_injection
HOUR = 3600
WAITING = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"


@pytest.fixture(scope="module")
def shared() -> Iterator[ServiceStack]:
    with running_stack(DEBUG="0", HTTPS="0", LOG_FORMAT="json", WEB_CONCURRENCY="1") as stack:
        yield stack


@pytest.fixture
def stack(shared) -> ServiceStack:
    """The shared services; fails when one of them has ended."""
    yield shared
    assert {name: process.poll() for name, process in shared.processes.items()} == {
        "web": None,
        "worker": None,
        "beat": None,
    }


@pytest.fixture
def broker(stack) -> Iterator[redis.Redis]:
    with stack.broker() as client:
        yield client


def message(**fields: object) -> dict:
    """A valid message of the task `deliver`, with other arguments, headers or fields where given."""
    body = base64.b64encode(json.dumps(fields.pop("arguments", [[], {}, {}])).encode()).decode()
    return {
        "body": body,
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": {"task": "demo.tasks.deliver", "id": "one"} | fields.pop("headers", {}),
        "properties": {"delivery_tag": "a", "delivery_info": {}, "body_encoding": "base64"},
    } | fields


INVALID_MESSAGES = [
    b"not JSON",
    b"\xff\xfe",
    b"[]",
    b"3",
    b"null",
    b"{}",
    b"[" * 100_000,
    b"1" * 5_000,
    *(
        json.dumps(invalid).encode()
        for invalid in (
            message(headers={"task": 5}),
            message(headers={"task": []}),
            message(headers={"task": "demo.tasks.unknown"}),
            message(headers={"task": "celery.map"}),
            message(headers={"id": None}),
            message(headers={"id": [1]}),
            message(body=None),
            message(body="%%%"),
            message(properties=None),
            message(properties={}),
            message(arguments={}),
            message(arguments=[[1], {}, {}]),
            message(arguments=["ab", {}, {}]),
            message(arguments=[["x"], {}, {}], headers={"task": "demo.tasks.finish"}),
            message(arguments=[[], {}, {}], headers={"task": "demo.tasks.finish"}),
            {**message(), "headers": None},
            {**message(), "headers": []},
            {**message(), "content-type": "application/x-python-serialize"},
            {**message(), "content-type": "application/x-yaml"},
            {**message(), "content-type": 5},
        )
    ),
]
UNUSUAL_MESSAGES = [  # valid, but with fields that are ignored
    message(headers={"eta": "9999-12-31T00:00:00+00:00"}),
    message(headers={"eta": "nonsense", "expires": 5}),
    message(headers={"expires": "0001-01-01T00:00:00+00:00"}),
    message(headers={"timelimit": "x", "stamped_headers": 5, "stamps": 5}),
    message(headers={"retries": 10**30, "shadow": [1], "group": [1], "origin": {}}),
    message(headers={"compression": "application/x-gzip", "__django_structlog__": {"event": 1}}),
    message(
        properties={"delivery_tag": ["x"], "priority": 1e308, "delivery_info": 5, "body_encoding": "base64"}
    ),
    message(**{"content-encoding": "rot13"}),
]


def warnings(stack: ServiceStack, name: str = "worker") -> list[str]:
    lines = [json.loads(line) for line in stack.log(name).splitlines() if line.startswith("{")]
    return [line["event"] for line in lines if line["level"] in ("warning", "error", "critical")]


def pending_messages(broker: redis.Redis) -> int:
    """Messages that are queued or reserved."""
    return broker.llen("celery") + broker.llen("celery\x06\x163") + broker.hlen("unacked")


def test_each_invalid_message_is_skipped_and_logged_and_its_neighbours_are_processed(stack, broker):
    stack.kill("beat")
    before = len(warnings(stack))
    for invalid in INVALID_MESSAGES:
        broker.lpush("celery", invalid)
    broker.lpush("celery\x06\x163", b"not JSON")
    for unusual in UNUSUAL_MESSAGES:
        broker.lpush("celery", json.dumps(unusual))
    until(lambda: pending_messages(broker) == 0, "all messages are processed", 30)
    logged = warnings(stack)[before:]
    assert len(logged) == len(INVALID_MESSAGES) + 1
    assert all(line.startswith("A queue element (") for line in logged)
    assert "Traceback" not in stack.log("worker")
    stack.start("beat")


DEEP = "[" * 50_000 + "]" * 50_000
UNUSUAL_VALUES = [  # as JSON text
    *("null", "true", "0", "-1", "1" + "0" * 30, "1e308", "NaN", "-Infinity", '""', "[]", "{}", DEEP),
    *(r'"\ud800"', r'"\u0000"', '"' + "x" * 50_000 + '"', "[[1], 2]", '{"a": {"b": null}}', '"0001-01-01"'),
]
HEADERS = [
    *(
        "task",
        "id",
        "once",
        "lang",
        "root_id",
        "parent_id",
        "group",
        "group_index",
        "shadow",
        "eta",
        "expires",
    ),
    *("retries", "delay", "timelimit", "argsrepr", "kwargsrepr", "origin", "ignore_result", "stamps"),
    *(
        "stamped_headers",
        "compression",
        "replaced_task_nesting",
        "periodic_task_name",
        "__django_structlog__",
    ),
]
PROPERTIES = [
    *("correlation_id", "reply_to", "delivery_mode", "delivery_info", "priority", "body_encoding"),
    *("delivery_tag", "expiration"),
]
CONTEXT = ["request_id", "user_id", "parent_task_id"]


def messages_with_an_unusual_field() -> Iterator[str]:
    """The valid message, with each of its fields and their members replaced by each unusual value."""
    for value in UNUSUAL_VALUES:
        for field in ("body", "content-encoding", "content-type"):
            yield replaced(message(**{field: "@"}), value)
        for field in ("headers", "properties"):
            yield replaced(message() | {field: "@"}, value)
        for name in HEADERS:
            yield replaced(message(headers={name: "@"}), value)
        for name in CONTEXT:
            yield replaced(message(headers={"__django_structlog__": {name: "@"}}), value)
        for name in PROPERTIES:
            yield replaced(message() | {"properties": message()["properties"] | {name: "@"}}, value)
        for body in (
            "[[@], {}, {}]",
            '[[], {"account_id": @}, {}]',
            "[[], {}, @]",
            "[@, {}, {}]",
            "[[], @, {}]",
        ):
            text = base64.b64encode(body.replace("@", value).encode()).decode()
            yield json.dumps(message(body=text, headers={"task": "demo.tasks.finish"}))
            yield json.dumps(message(body=text))


def replaced(template: dict, value: str) -> str:
    return json.dumps(template).replace('"@"', value)


@pytest.mark.long
def test_no_value_of_any_field_of_a_message_ends_the_worker(stack, broker):
    stack.kill("beat")
    before = stack.log("worker").count("Traceback")
    broker.lpush("celery", *messages_with_an_unusual_field())
    until(lambda: pending_messages(broker) == 1, "only the message with the longest delay is pending", 60)
    broker.delete("unacked", "unacked_index")
    assert stack.log("worker").count("Traceback") == before
    stack.start("beat")


SET_KEY = {  # by type
    "string": lambda broker, key: broker.set(key, "x"),
    "zset": lambda broker, key: broker.zadd(key, {"x": 1}),
}
KEYS = ("celery", "celery\x06\x169", "unacked", "unacked_index", "unacked_mutex", "perennial.waiting")
BINDINGS = ("_kombu.binding.celery", "_kombu.binding_permanent.celery", "_kombu.binding_deadlines")


@pytest.mark.long
@pytest.mark.parametrize("key_type", ["string", "zset"])  # for every key at least one of them is wrong
def test_a_key_of_the_wrong_type_is_renamed(stack, broker, key_type):
    for key in (*KEYS, *BINDINGS):
        broker.delete(key)
        SET_KEY[key_type](broker, key)
    caller = stack.create_user_with_demo(f"wrong-{key_type}")
    until(caller.is_active, "the demo is active", 60)
    for name in ("web", "worker", "beat"):
        assert "Traceback" not in stack.log(name)


@pytest.mark.long
def test_reserved_messages_are_requeued_when_valid_and_removed_when_invalid(stack, broker):
    stack.terminate("worker")
    stack.kill("beat")
    broker.delete("unacked", "unacked_index", "celery")
    broker.set("unacked_mutex", "held for ever")
    reserved = json.dumps([message(), "", "celery"])
    stored = dict.fromkeys(("valid", "old", "in the future"), reserved)
    stored |= {"unknown queue": json.dumps([message(), "", "other"])}
    stored |= {"no JSON": "x", "a list": "[1, 2]", "nothing": "[null, null, null]"}
    scores = dict.fromkeys(stored, time.time() - 2 * HOUR)
    scores |= {"not stored": 5, "old": "-inf", "in the future": "+inf"}
    broker.hset("unacked", mapping=stored | {"just now": reserved})
    broker.zadd("unacked_index", scores | {"just now": time.time()})
    broker.zadd("unacked_index", {b"\xff": 1})
    stack.start("worker")

    def reserved_or_queued() -> list[bytes]:
        return (
            broker.hkeys("unacked") + broker.zrange("unacked_index", 0, -1) + broker.lrange("celery", 0, -1)
        )

    until(lambda: reserved_or_queued() == [b"just now"] * 2, "only the latest is still reserved", 30)
    assert len([line for line in warnings(stack) if line.startswith("A reserved message (")]) == 4
    broker.delete("unacked", "unacked_index")
    stack.start("beat")


def test_messages_are_delivered_after_the_broker_was_emptied(stack, broker):
    broker.flushall()
    caller = stack.create_user_with_demo("emptied")
    until(caller.is_active, "the demo is active", 20)


@pytest.mark.long
def test_a_worker_survives_a_broker_that_is_killed_while_a_task_runs(stack):
    caller = stack.create_user_with_demo("killed")
    until(caller.is_active, "the demo is active")
    stack.fire("demo: sweep", 2)
    kill_while_resetting(stack, caller)
    until(caller.is_active, "the reset is complete", 120)
    assert caller.counts() == FULL
    assert "hostname" not in stack.log("worker")


def test_a_worker_whose_acknowledgements_all_failed_takes_new_messages(stack):
    callers = [stack.create_user_with_demo(name) for name in ("first", "second")]  # as many as processes
    for caller in callers:
        until(caller.is_active, "the demo is active")
    with blocked_profiles(stack, callers[0]), blocked_profiles(stack, callers[1]):
        for caller in callers:
            caller.post("demo/disable")
        until(lambda: stack.sql(WAITING) == [(2,)], "both tasks wait for a lock")
        kill_broker(stack)
    time.sleep(1.5)  # the tasks end, and the worker tries to acknowledge them
    stack.servers.ensure(postgres=False)
    caller = stack.create_user_with_demo("afterwards")
    until(caller.is_active, "the demo is active", 20)


def kill_broker(stack: ServiceStack) -> None:
    os.kill(int((stack.servers.valkey_dir / "valkey.pid").read_text()), signal.SIGKILL)


def kill_while_resetting(stack: ServiceStack, caller: ApiClient) -> None:
    with blocked_profiles(stack, caller):
        assert caller.post("demo/reset").status_code == 202
        time.sleep(2)
        kill_broker(stack)
        time.sleep(1)
    stack.servers.ensure(postgres=False)
