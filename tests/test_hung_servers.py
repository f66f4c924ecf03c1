"""A broker or a database that accepts connections and never answers: requests fail fast, and /readyz reports it."""

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from functools import partial

import psycopg
import pytest
import requests
from django.db import OperationalError
from django.db.utils import ConnectionHandler
from environ import Env
from psycopg.errors import ConnectionTimeout

from accounts.circuit_breaker import CircuitBreaker
from config import single_flight
from config.postgresql import base
from config.postgresql.base import DatabaseWrapper
from tests.fault_injection import pooler
from tests.hung_servers import hung
from tests.response_times import get_healthz, is_below, max_seconds_during, max_seconds_for
from tests.service_stack import ApiClient, ServiceStack, free_port, running_stack, until

pytestmark = [pytest.mark.long, pytest.mark.fault_injection]


@pytest.fixture(scope="module")
def stack() -> Iterator[ServiceStack]:
    with running_stack(DEBUG="0", HTTPS="0") as stack:
        stack.fire("demo: sweep", 2)
        yield stack


@pytest.fixture(scope="module")
def staff(stack) -> ApiClient:
    """A staff user, who may enable the demos of other users."""
    caller = stack.create_user("staff")
    stack.sql("UPDATE accounts_user SET is_staff = true WHERE username = 'staff'")
    return caller


def enable(staff: ApiClient, name: str) -> float:
    """Enable the user's demo; return the seconds until the response."""
    started = time.monotonic()
    assert staff.post("demo/enable", user=name).status_code == 202
    return time.monotonic() - started


def demo_states(stack: ServiceStack) -> set[str]:
    return {row[0] for row in stack.sql("SELECT state FROM demo_demoaccount")}


def max_seconds_while_the_broker_hangs(stack: ServiceStack, staff: ApiClient, prefix: str) -> float:
    """The seconds of the longest of the requests that enable ten new users' demos at once, and of those beside them."""
    names = [stack.create_user(f"{prefix}-{number}").name for number in range(10)]
    seconds: list[float] = []
    with hung(stack.servers.valkey_dir / "valkey.pid"), ThreadPoolExecutor(10) as pool:
        longest = max_seconds_during(
            partial(get_healthz, stack.url),
            lambda: seconds.extend(pool.map(enable, [staff] * 10, names)),
        )
        ready = requests.get(f"{stack.url}/readyz", timeout=20)
    assert (ready.status_code, ready.json()["broker"]) == (503, False)
    until(lambda: demo_states(stack) == {"active"}, "all ten demos are active", 90)
    until(
        lambda: requests.get(f"{stack.url}/readyz", timeout=20).json()["broker"],
        "the broker is available again",
        10,
    )
    return max(longest, *seconds)


def test_a_broker_that_hangs_delays_no_request_and_no_work_is_lost(stack, staff):
    prefixes = iter("abc")
    assert is_below(2, lambda: max_seconds_while_the_broker_hangs(stack, staff, next(prefixes)))


@pytest.fixture
def wait_timeouts(monkeypatch) -> CircuitBreaker:
    """Enables wait timeouts, as in a web process; returns the circuit breaker of the database."""
    monkeypatch.setattr(base, "_wait_timeouts_enabled", True)
    monkeypatch.setattr(base, "_breaker", breaker := CircuitBreaker(base._unavailable, ConnectionTimeout))
    return breaker


@contextmanager
def connected(entry: dict, **options: object) -> Iterator[DatabaseWrapper]:
    """A Django connection to the database of an entry of DATABASES, with other options where given."""
    entry = entry | {"ENGINE": "config.postgresql", "OPTIONS": entry.get("OPTIONS", {}) | options}
    with closing(ConnectionHandler({"default": entry})["default"]) as connection:
        connection.connect()
        yield connection


def test_sending_a_statement_to_a_database_that_hangs_times_out(stack, db, wait_timeouts):
    # A second host that refuses connections must not hide that the first one hangs.
    first = stack.servers.database
    entry = first | {
        "HOST": f"{first['HOST']},127.0.0.1",
        "PORT": f"{first.get('PORT') or 5432},{free_port()}",
    }
    with connected(entry) as connection:
        cursor = connection.cursor()
        with hung(stack.servers.postgres_dir / "postmaster.pid"), pytest.raises(OperationalError):
            cursor.execute("SELECT %s", ["x" * 20_000_000])


@pytest.mark.skipif(not shutil.which("pgbouncer"), reason="no pgbouncer here")
def test_a_slow_statement_is_not_interrupted_while_the_pooler_is_full(stack, db, wait_timeouts, caplog):
    with ExitStack() as contexts:
        url = contexts.enter_context(pooler(stack))
        for _ in range(3):
            contexts.enter_context(psycopg.connect(url)).execute("SELECT 1")  # occupies one of four slots
        connection = contexts.enter_context(connected(Env.db_url_config(url), prepare_threshold=None))
        connection.cursor().execute("SELECT pg_sleep(4.5)")
    assert [record for record in caplog.records if record.name == "psycopg"] == []


def test_a_slow_statement_is_not_interrupted_while_the_circuit_breaker_is_open(stack, db, wait_timeouts):
    with connected(stack.servers.database) as connection, connection.cursor() as cursor:
        wait_timeouts.open()
        cursor.execute("SELECT pg_sleep(2.5)")


def test_a_slow_refusal_does_not_open_the_circuit_breaker(stack, db, wait_timeouts):
    with suppress(psycopg.OperationalError), wait_timeouts.guard():
        time.sleep(0.25)
        raise psycopg.OperationalError("sorry, too many clients already")
    with connected(stack.servers.database) as connection:
        assert connection.is_usable()


@pytest.mark.parametrize(("options", "seconds"), [({}, "2"), ({"connect_timeout": 9}, "9")])
def test_a_web_process_uses_the_connect_timeout_of_database_url(stack, db, wait_timeouts, options, seconds):
    with connected(stack.servers.database, **options) as connection:
        assert connection.connection.info.get_parameters()["connect_timeout"] == seconds


class Clock:
    """Shows the time that it is set to, and calls `on_read` once, the next time it is read."""

    now = 0.0

    def __init__(self) -> None:
        self.on_read: Callable[[], object] = int

    def monotonic(self) -> float:
        on_read, self.on_read = self.on_read, int
        on_read()
        return self.now


def test_the_last_result_is_not_returned_once_a_check_has_run_for_too_long(monkeypatch):
    monkeypatch.setattr(single_flight, "time", clock := Clock())
    started, finish, good, unknown = threading.Event(), threading.Event(), {"all": True}, {"all": False}
    finish.set()
    check = single_flight.single_flight(lambda: started.set() or (finish.wait(20) and good), unknown)
    assert check() == good
    started.clear()
    finish.clear()
    with ThreadPoolExecutor(1) as pool:
        hanging = pool.submit(check)
        assert started.wait(20)
        clock.now = single_flight.STALE_SECONDS - 0.1
        assert check() == good
        clock.now = single_flight.STALE_SECONDS
        assert check() == unknown
        finish.set()
        assert hanging.result() == good


def test_the_last_result_is_returned_while_a_check_starts_however_old_it_is(monkeypatch):
    monkeypatch.setattr(single_flight, "time", clock := Clock())
    check = single_flight.single_flight(lambda: {"all": True}, {"all": False})
    assert check() == {"all": True}
    clock.now, results = 60, []
    clock.on_read = lambda: results.append(check())
    assert check() == {"all": True}
    assert results == [{"all": True}]


def test_a_database_that_hangs_is_reported_by_readyz_and_requests_fail_fast(stack, staff):
    def get(path: str) -> tuple[int, float]:
        started = time.monotonic()
        response = requests.get(f"{stack.url}/{path}", headers=staff.headers, timeout=60)
        return response.status_code, time.monotonic() - started

    assert get("readyz")[0] == 200
    demos = ["api/v1/demo/"] * 8
    with ThreadPoolExecutor(10) as pool:
        list(pool.map(get, demos))  # opens connections
        with hung(stack.servers.postgres_dir / "postmaster.pid"):
            waiting = pool.map(get, demos)
            time.sleep(0.2)
            ready = pool.submit(get, "readyz")
            results = [*waiting, ready.result(), get("readyz"), get("api/v1/demo/")]
            assert is_below(1, partial(max_seconds_for, partial(get_healthz, stack.url), 0.5))
    assert {code for code, _ in results} == {503}
    assert max(seconds for _, seconds in results) < 9
    assert max(seconds for _, seconds in results[-2:]) < 5
    until(lambda: get("readyz")[0] == get("api/v1/demo/")[0] == 200, "requests succeed again", 20)
