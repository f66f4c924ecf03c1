"""Rate limits: what they count together, for how long, and how they handle invalid values in Redis or its failure."""

import json
import pickle
import socket
import time
from contextlib import suppress
from pathlib import Path

import pytest
import redis
from django.conf import settings as configured
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from accounts import circuit_breaker, redis_client
from accounts.circuit_breaker import CircuitBreaker
from accounts.models import User
from accounts.throttling import LogInFailures, TokenRequests, password_check_slot
from config.settings import client_url
from demo.throttling import (
    AdvanceThrottle,
    DemoThrottle,
    EnableThrottle,
    GenerateThrottle,
    ResetThrottle,
    ScenarioThrottle,
    SwitchThrottle,
)
from tests.users import PASSWORD, TOKEN
from tests.world import HOUR, demo_of

NEW = "another good one"


@pytest.fixture
def broker():
    with redis.Redis.from_url(configured.REDIS_CLIENT_URL) as client:
        yield client


def wrong(client: Client, name: str = "person", **headers: str) -> int:
    body = json.dumps({"username": name, "password": "wrong"})
    return client.post(TOKEN, body, content_type="application/json", headers=headers).status_code


def change_password(client: Client, **more: str):
    return client.post(
        "/password/", {"old_password": "wrong", "new_password1": NEW, "new_password2": NEW} | more
    )


MARKS = "a" + "\u0301" * 30_000 + "\u0316" * 30_000  # takes ten seconds to normalize


@pytest.mark.parametrize(
    ("path", "name"), [("users", "username"), ("users", "email"), ("demo/enable", "user")]
)
def test_a_long_name_is_handled_quickly_by_the_api(page, alice, path, name):
    User.objects.update(is_staff=True)
    sent = json.dumps({name: MARKS}, ensure_ascii=False).encode()
    began = time.process_time()
    answer = page.post(f"/api/v1/{path}/", sent, content_type="application/json")
    assert (answer.status_code, answer.json()["title"]) == (400, "Bad Request")
    assert time.process_time() - began < 1


@pytest.mark.parametrize("path", ["/login/", "/admin/login/"])
def test_a_long_name_is_handled_quickly_by_the_pages(client, db, path):
    began = time.process_time()
    assert client.post(path, {"username": MARKS[:1_000], "password": "wrong"}, follow=True).status_code == 200
    assert time.process_time() - began < 1


@pytest.mark.parametrize("name", ['["x"]', "{}", "5", "true", "null", "[" + "[]," * 2_000 + "[]]"])
def test_a_name_that_is_not_text_belongs_to_no_user(client, db, name):
    sent = {"data": f'{{"username": {name}, "password": "x"}}', "content_type": "application/json"}
    assert {client.post(TOKEN, **sent).status_code for _ in range(3)} == {400}


@pytest.mark.parametrize("tail", ["x", "y"])
def test_too_long_names_count_as_one(client, person, tail):
    codes = [wrong(client, " " * number + "x" * 151 + tail * number) for number in range(11)]
    assert codes == [400] * 10 + [429]


def test_the_password_page_counts_by_session_not_by_a_form_field(client, person):
    client.force_login(person)
    codes = [change_password(client, username=f"nobody{number}").status_code for number in range(12)]
    assert codes == [200] * 10 + [429] * 2
    assert User.objects.get().check_password(PASSWORD)


def test_a_query_parameter_does_not_change_what_a_limit_counts(client, person):
    codes = [
        client.post(f"/login/?username=n{n}", {"username": "person", "password": "wrong"}).status_code
        for n in range(11)
    ]
    assert codes == [200] * 10 + [429]
    assert wrong(client) == 429


def test_a_name_counts_the_same_in_json_form_and_multipart(client, person):
    for number in range(10):
        if number % 2:
            client.post(TOKEN, {"username": "PERSON", "password": "wrong"})
        else:
            client.post(TOKEN, "username=person&password=x", content_type="application/x-www-form-urlencoded")
    assert wrong(client) == 429


@pytest.mark.parametrize("url", ["/login/", "/api/v1/auth/token/"])
def test_simultaneous_password_checks_are_limited_and_refused_ones_are_not_counted(
    client, person, monkeypatch, url
):
    monkeypatch.setattr(TokenRequests, "get_rate", lambda self: "100/min")
    right = {"username": person.username, "password": PASSWORD}
    with password_check_slot(), password_check_slot():
        refused = [client.post(url, right | {"password": "wrong"}) for _ in range(20)]
    assert {(answer.status_code, answer.headers["Retry-After"]) for answer in refused} == {(429, "1")}
    assert b"Many people are logging in just now" in refused[0].content
    assert client.post(url, right).status_code in (200, 302)


def test_the_limit_holds_in_every_sliding_window(client, person, monkeypatch):
    """One request starts what would be a fixed window of a second, then many requests cross its end."""
    monkeypatch.setattr(TokenRequests, "get_rate", lambda self: "4/sec")
    accepted = []

    def ask() -> None:
        before = time.monotonic()
        if wrong(client, "nobody") != 429:
            accepted.append((before, time.monotonic()))

    ask()
    time.sleep(0.8)
    end = time.monotonic() + 20
    while len(accepted) < 8 and time.monotonic() < end:
        ask()
    spans = [last[1] - first[0] for first, last in zip(accepted, accepted[4:], strict=False)]
    assert (min(spans) >= 1, len(accepted)) == (True, 8), spans


def test_a_throttled_client_is_allowed_again_when_its_oldest_request_expires(client, person, monkeypatch):
    monkeypatch.setattr(LogInFailures, "get_rate", lambda self: "2/sec")

    def guess() -> int:
        return client.post("/login/", {"username": "person", "password": "wrong"}).status_code

    assert [guess() for _ in range(3)] == [200, 200, 429]
    end = time.monotonic() + 20
    codes = [guess()]
    while codes[-1] == 429 and time.monotonic() < end:  # refused requests must not extend the wait
        codes.append(guess())
    assert (codes[0], codes[-1]) == (429, 200)


class Bomb:
    """Creates a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def plant(broker: redis.Redis, key: bytes, kind: str, path: Path) -> None:
    """Store a value that is not a counter, without an expiry, under a counter's key."""
    broker.delete(key)
    match kind:
        case "pickle":
            broker.set(key, pickle.dumps(Bomb(path)))
        case "text":
            broker.set(key, "\x00nonsense")
        case "number":
            broker.set(key, 10**18)
        case "list":
            broker.rpush(key, *range(1_000))
        case "hash":
            broker.hset(key, "a", "b")
        case "set":
            broker.sadd(key, *range(1_000))
        case "stream":
            broker.xadd(key, {"a": "b"})
        case "past":
            broker.zadd(key, {str(n): n for n in range(1_000)})
        case "future":
            broker.zadd(key, {"a": "inf"} | {str(n): 1e17 + n for n in range(1_000)})


VALUE_KINDS = ["pickle", "text", "number", "list", "hash", "set", "stream", "past", "future"]


@pytest.mark.parametrize("kind", VALUE_KINDS)
def test_invalid_values_in_redis_run_no_code_lock_nobody_out_and_are_replaced(
    client, person, broker, tmp_path, kind
):
    wrong(client)
    keys = [key for key in broker.keys("*throttle*") if broker.type(key) != b"none"]
    assert len(keys) >= 3
    for key in keys:
        plant(broker, key, kind, tmp_path / "ran")
    codes = [wrong(client) for _ in range(12)]
    assert not (tmp_path / "ran").exists()
    assert codes == [400] * 10 + [429] * 2
    assert all(0 < broker.pttl(key) <= 60_000 for key in keys)


def test_a_full_counter_without_an_expiry_blocks_for_a_minute_at_most(client, person, broker):
    for _ in range(10):
        wrong(client)
    for key in broker.keys("*throttle*"):
        broker.persist(key)
    refused = client.post(TOKEN, {"username": "person", "password": PASSWORD})
    assert (refused.status_code, 0 < int(refused["Retry-After"]) <= 60) == (429, True)
    failures = [key for key in broker.keys("*log_in_failures*") if broker.type(key) == b"zset"]
    assert [0 < broker.pttl(key) <= 60_000 for key in failures] == [True]


def test_djangos_cache_does_not_use_redis(broker):
    before = broker.dbsize()
    cache.set("anything", "at all")
    assert (broker.dbsize(), "redis" in str(configured.CACHES).lower()) == (before, False)


@pytest.mark.parametrize("url", ["unix:///nonexistent/valkey.sock", "redis://127.0.0.1:1/0"])
def test_without_redis_nobody_is_locked_out_and_a_warning_is_logged(client, person, settings, caplog, url):
    settings.REDIS_CLIENT_URL = url
    assert {wrong(client) for _ in range(12)} == {400}
    assert client.post(TOKEN, {"username": "person", "password": PASSWORD}).status_code == 200
    records = [record for record in caplog.records if "not throttled" in record.getMessage()]
    assert {record.levelname for record in records} == {"WARNING"}
    assert all("ConnectionError: " in record.getMessage() for record in records), "the log says why"


def test_a_hanging_redis_opens_the_circuit_breaker_and_is_retried_later(
    client, person, settings, monkeypatch
):
    monkeypatch.setattr(
        redis_client, "breaker", CircuitBreaker(redis.ConnectionError, *redis_client.FAILURES)
    )
    monkeypatch.setattr(circuit_breaker, "OPEN_SECONDS", 60)
    answering = settings.REDIS_CLIENT_URL
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings.REDIS_CLIENT_URL = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        assert [wrong(client) for _ in range(12)] == [400] * 12
        assert connects(silent) == 1
    settings.REDIS_CLIENT_URL = answering
    monkeypatch.setattr(circuit_breaker, "OPEN_SECONDS", 0)
    redis_client.breaker.open()
    assert [wrong(client) for _ in range(12)] == [400] * 10 + [429] * 2


def connects(listening: socket.socket) -> int:
    """Return the number of clients that connected and were not accepted."""
    listening.setblocking(False)
    number = 0
    with suppress(BlockingIOError):
        while True:
            listening.accept()[0].close()
            number += 1
    return number


def test_a_slow_failing_query_does_not_open_the_breaker_of_redis(broker):
    with suppress(OperationalError), redis_client.guarded_client():
        time.sleep(0.25)
        raise OperationalError("canceling statement due to statement timeout")
    with redis_client.guarded_client() as client:
        assert client.ping()


@pytest.mark.parametrize(
    ("celerys", "clients"),
    [
        ("redis+socket:///run/valkey.sock", "unix:///run/valkey.sock"),
        ("redis+socket:///run/valkey.sock?virtual_host=5", "unix:///run/valkey.sock?db=5"),
        ("rediss://host/0?ssl_cert_reqs=CERT_NONE", "rediss://host/0?ssl_cert_reqs=none"),
        (
            "rediss://h/0?ssl_cert_reqs=CERT_REQUIRED&ssl_ca_certs=/ca",
            "rediss://h/0?ssl_cert_reqs=required&ssl_ca_certs=/ca",
        ),
        ("rediss://host/0?ssl_cert_reqs=required", "rediss://host/0?ssl_cert_reqs=required"),
    ],
)
def test_the_redis_url_accepts_celerys_spellings(celerys, clients):
    url = client_url(celerys)
    assert url == clients
    redis.Redis.from_url(url).connection_pool.make_connection()


@pytest.mark.parametrize(
    "url", ["redis://h/0?nonsense=1", "redis://h/0?socket_timeout=soon", "redis://h:port/0"]
)
def test_an_unusable_redis_url_stops_the_start(url):
    with pytest.raises(ImproperlyConfigured, match=r"^REDIS_URL has an unknown part or option: "):
        client_url(url)


def behind(settings, proxies: int) -> None:
    settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {"NUM_PROXIES": proxies}


@pytest.mark.parametrize(
    "spelled",
    [
        "203.0.113.7:{n}",
        "10.0.0.{n}, 203.0.113.7",
        "2001:db8:1:2::{n}",
        "[2001:db8:1:2::{n}]:44{n}",
        "::ffff:203.0.113.7",
        "unknown{n}",
        " 203.0.113.7 ",
    ],
)
def test_all_spellings_of_an_address_count_together(client, person, settings, spelled):
    behind(settings, 1)
    codes = [wrong(client, **{"X-Forwarded-For": spelled.format(n=number)}) for number in range(10, 21)]
    assert codes == [400] * 10 + [429]


def test_a_request_that_bypasses_the_proxies_counts_by_its_peer(client, person, settings):
    behind(settings, 2)
    codes = [wrong(client, **{"X-Forwarded-For": f"203.0.113.{number}"}) for number in range(11)]
    assert codes == [400] * 10 + [429]


def test_clients_behind_a_proxy_count_separately(client, person, settings):
    behind(settings, 1)
    for _ in range(10):
        wrong(client, **{"X-Forwarded-For": "203.0.113.7"})
    assert wrong(client, **{"X-Forwarded-For": "203.0.113.7"}) == 429
    assert wrong(client, **{"X-Forwarded-For": "203.0.113.8"}) == 400


def test_a_log_in_refused_for_its_address_is_not_counted_for_its_name(client, person, broker, settings):
    """Otherwise a client that is blocked by its address could still block names."""
    for number in range(100):
        wrong(client, f"nobody{number}")
    assert {wrong(client) for _ in range(12)} == {429}
    broker.delete(*broker.keys("*address_failures*"))
    assert wrong(client) == 400


CLICKS = [
    ("/demo/enable/", "enable", EnableThrottle),
    ("/demo/reset/", "reset", ResetThrottle),
    ("/demo/disable/", "disable", SwitchThrottle),
    ("/demo/pause/", "pause", SwitchThrottle),
    ("/demo/resume/", "resume", SwitchThrottle),
    ("/demo/advance/1", "advance", AdvanceThrottle),
    ("/demo/scenarios/viral-spike/start", "scenarios/viral-spike", ScenarioThrottle),
    ("/demo/generate/posts", "generate/daily-content", GenerateThrottle),
    ("/demo/generate/interactions", "generate/interactions", GenerateThrottle),
]


@pytest.mark.sample(3)
@pytest.mark.parametrize(("click", "call", "limit"), CLICKS)
def test_pages_and_api_share_one_counter(
    page, alice, monkeypatch, click: str, call: str, limit: type[DemoThrottle]
):
    demo_of(alice, timezone.now() - HOUR)
    monkeypatch.setattr(limit, "get_rate", lambda self: "2/min")
    api = f"/api/v1/demo/{call}/"
    body = {"days": 1} if call == "advance" else {}

    def called() -> int:
        return page.post(api, body, content_type="application/json").status_code

    assert "Too many requests" not in page.post(click, headers={"HX-Request": "true"}).content.decode()
    assert called() != 429
    # The same request twice would be a double click, which counts once.
    another = click.replace("/advance/1", "/advance/7")
    assert "Too many requests" in page.post(another, headers={"HX-Request": "true"}).content.decode()
    assert called() == 429


def test_settings_on_pages_and_api_share_one_counter(page, alice, monkeypatch):
    demo_of(alice, timezone.now() - HOUR)
    monkeypatch.setattr(SwitchThrottle, "get_rate", lambda self: "2/min")
    codes = [
        page.patch(
            "/api/v1/demo/", {"settings": {"posting_hour": 7}}, content_type="application/json"
        ).status_code
        for _ in range(3)
    ]
    assert codes == [200, 200, 429]


def test_a_staff_members_calls_count_for_the_named_demo(client, alice, monkeypatch):
    monkeypatch.setattr(EnableThrottle, "get_rate", lambda self: "2/min")
    client.force_login(User.objects.create_user("back-end", is_staff=True))
    codes = [
        client.post("/api/v1/demo/enable/?user=alice").status_code,
        client.post("/api/v1/demo/enable/", {"user": "alice"}, content_type="application/json").status_code,
        client.post("/api/v1/demo/enable/", {"user": "alice"}).status_code,
    ]
    assert codes == [202, 200, 429]
