"""The worker survives invalid data in Redis and the death of the broker, and processes all valid messages."""

import base64
import json
import os
import signal
import time
from collections.abc import Iterator

import pytest
import redis

from tests.house import Caller, House, running_house, until
from tests.test_flow import FULL, blocked_profiles

pytestmark = pytest.mark.bad_day
HOUR = 3600


@pytest.fixture(scope="module")
def shared() -> Iterator[House]:
    with running_house(DEBUG="0", HTTPS="0", LOG_FORMAT="json") as house:
        yield house


@pytest.fixture
def house(shared) -> House:
    """The shared services; fails when one of them has ended."""
    yield shared
    assert {name: process.poll() for name, process in shared.processes.items()} == {
        "web": None,
        "worker": None,
        "beat": None,
    }


@pytest.fixture
def broker(house) -> Iterator[redis.Redis]:
    with house.broker() as client:
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


def warnings(house: House, name: str = "worker") -> list[str]:
    lines = [json.loads(line) for line in house.log(name).splitlines() if line.startswith("{")]
    return [line["event"] for line in lines if line["level"] in ("warning", "error", "critical")]


def pending_messages(broker: redis.Redis) -> int:
    """Messages that are queued or reserved."""
    return broker.llen("celery") + broker.llen("celery\x06\x163") + broker.hlen("unacked")


def test_each_invalid_message_is_skipped_and_logged_and_its_neighbours_are_processed(house, broker):
    house.kill("beat")
    before = len(warnings(house))
    for invalid in INVALID_MESSAGES:
        broker.lpush("celery", invalid)
    broker.lpush("celery\x06\x163", b"not JSON")
    for unusual in UNUSUAL_MESSAGES:
        broker.lpush("celery", json.dumps(unusual))
    until(lambda: pending_messages(broker) == 0, "all messages are processed", 30)
    logged = warnings(house)[before:]
    assert len(logged) == len(INVALID_MESSAGES) + 1
    assert all(line.startswith("A queue element (") for line in logged)
    assert "Traceback" not in house.log("worker")
    house.start("beat")


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


def test_no_value_of_any_field_of_a_message_ends_the_worker(house, broker):
    house.kill("beat")
    before = house.log("worker").count("Traceback")
    broker.lpush("celery", *messages_with_an_unusual_field())
    until(lambda: pending_messages(broker) == 1, "only the message with the longest delay is pending", 60)
    broker.delete("unacked", "unacked_index")
    assert house.log("worker").count("Traceback") == before
    house.start("beat")


SET_KEY = {  # by type
    "string": lambda broker, key: broker.set(key, "x"),
    "zset": lambda broker, key: broker.zadd(key, {"x": 1}),
}
KEYS = ("celery", "celery\x06\x169", "unacked", "unacked_index", "unacked_mutex", "perennial.waiting")
BINDINGS = ("_kombu.binding.celery", "_kombu.binding_permanent.celery", "_kombu.binding_deadlines")


@pytest.mark.parametrize("key_type", ["string", "zset"])  # for every key at least one of them is wrong
def test_a_key_of_the_wrong_type_is_renamed(house, broker, key_type):
    for key in (*KEYS, *BINDINGS):
        broker.delete(key)
        SET_KEY[key_type](broker, key)
    caller = house.create_user(f"wrong-{key_type}")
    assert caller.post("demo/enable").status_code == 202
    until(lambda: caller.demo()["state"] == "active", "the demo is active", 60)
    for name in ("web", "worker", "beat"):
        assert "Traceback" not in house.log(name)


def test_reserved_messages_are_requeued_when_valid_and_removed_when_invalid(house, broker):
    house.terminate("worker")
    house.kill("beat")
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
    house.start("worker")
    until(lambda: broker.hkeys("unacked") == [b"just now"], "only the latest is still reserved", 30)
    assert broker.zrange("unacked_index", 0, -1) == [b"just now"]
    assert len([line for line in warnings(house) if line.startswith("A reserved message (")]) == 4
    broker.delete("unacked", "unacked_index")
    house.start("beat")


def test_messages_are_delivered_after_the_broker_was_emptied(house, broker):
    broker.flushall()
    caller = house.create_user("emptied")
    assert caller.post("demo/enable").status_code == 202
    until(lambda: caller.demo()["state"] == "active", "the demo is active", 20)


@pytest.mark.long
def test_a_worker_survives_a_broker_that_is_killed_while_a_task_runs(house):
    caller = house.create_user("killed")
    caller.post("demo/enable")
    until(lambda: caller.demo()["state"] == "active", "the demo is active")
    house.fire("demo: sweep", 2)
    kill_while_resetting(house, caller)
    until(lambda: caller.demo()["state"] == "active", "the reset is complete", 120)
    assert caller.counts() == FULL
    assert "hostname" not in house.log("worker")


def kill_while_resetting(house: House, caller: Caller) -> None:
    pid = int((house.servers.valkey_dir / "valkey.pid").read_text())
    with blocked_profiles(house, caller):
        assert caller.post("demo/reset").status_code == 202
        time.sleep(2)
        os.kill(pid, signal.SIGKILL)
        time.sleep(1)
    house.servers.ensure(postgres=False)
