"""A broker or a database that takes connections and never answers holds up nobody for long, and is said to be away."""

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress

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
from tests.breaking import pooler
from tests.frozen import frozen, longest_wait
from tests.house import Caller, House, free_port, running_house, until

pytestmark = pytest.mark.bad_day
TEN = [f"user{number}" for number in range(10)]


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    with running_house(DEBUG="0", HTTPS="0") as house:
        house.fire("demo: sweep", 2)
        yield house


@pytest.fixture(scope="module")
def staff(house) -> Caller:
    """Somebody who may switch on the demos of ten users."""
    caller = house.create_user("staff")
    names = f"for name in {[*TEN, 'another']}: User.objects.create_user(name)"
    script = f"from accounts.models import User\n{names}\nUser.objects.filter(username='staff').update(is_staff=True)"
    house.manage("shell", "-v0", "-c", script)
    return caller


def enable(staff: Caller, name: str) -> float:
    """Seconds until the answer."""
    began = time.monotonic()
    assert staff.post("demo/enable", user=name).status_code == 202
    return time.monotonic() - began


def states(house: House) -> set[str]:
    return {row[0] for row in house.sql("SELECT state FROM demo_demoaccount")}


def test_a_broker_that_hangs_holds_up_nobody_and_no_work_is_lost(house, staff):
    over = threading.Event()
    with ThreadPoolExecutor(11) as pool:
        with frozen(house.servers.valkey_dir / "valkey.pid"):
            longest = pool.submit(longest_wait, house, over)
            try:
                took = list(pool.map(enable, [staff] * 10, TEN))
                ready = requests.get(f"{house.url}/readyz", timeout=20)
            finally:
                over.set()
        assert (max(took) < 2, longest.result() < 2) == (True, True)
    assert (ready.status_code, ready.json()["broker"]) == (503, False)
    until(lambda: states(house) == {"active"}, "all ten demos are active", 90)
    until(
        lambda: requests.get(f"{house.url}/readyz", timeout=20).json()["broker"],
        "the broker is seen again",
        10,
    )


@pytest.fixture
def impatient(monkeypatch) -> CircuitBreaker:
    """This process is as a web process; its circuit breaker for the database."""
    monkeypatch.setattr(base, "_impatient", True)
    monkeypatch.setattr(base, "_breaker", breaker := CircuitBreaker(base._away, ConnectionTimeout))
    return breaker


@contextmanager
def connected(entry: dict, **options: object) -> Iterator[DatabaseWrapper]:
    """Django's connection to the database of that entry of DATABASES."""
    entry = entry | {"ENGINE": "config.postgresql", "OPTIONS": entry.get("OPTIONS", {}) | options}
    with closing(ConnectionHandler({"default": entry})["default"]) as connection:
        connection.connect()
        yield connection


def test_a_statement_that_a_database_that_hangs_does_not_even_take_is_given_up(house, db, impatient):
    # A second address, which refuses: the first one hangs all the same.
    own = house.servers.database
    entry = own | {"HOST": f"{own['HOST']},127.0.0.1", "PORT": f"{own.get('PORT') or 5432},{free_port()}"}
    with connected(entry) as connection:
        cursor = connection.cursor()
        with frozen(house.servers.postgres_dir / "postmaster.pid"), pytest.raises(OperationalError):
            cursor.execute("SELECT %s", ["x" * 20_000_000])


@pytest.mark.skipif(not shutil.which("pgbouncer"), reason="no pgbouncer here")
def test_a_statement_goes_on_though_the_pool_before_the_database_is_full(house, db, impatient, caplog):
    with ExitStack() as stack:
        url = stack.enter_context(pooler(house))
        for _ in range(3):
            stack.enter_context(psycopg.connect(url)).execute("SELECT 1")  # and keeps its place of four
        connection = stack.enter_context(connected(Env.db_url_config(url), prepare_threshold=None))
        connection.cursor().execute("SELECT pg_sleep(4.5)")
    assert [record for record in caplog.records if record.name == "psycopg"] == []


def test_a_statement_goes_on_though_another_thread_waited_in_vain_for_a_connection(house, db, impatient):
    with connected(house.servers.database) as connection, connection.cursor() as cursor:
        impatient.open()
        cursor.execute("SELECT pg_sleep(2.5)")


def test_a_refusal_that_comes_late_keeps_nobody_from_the_database(house, db, impatient):
    with suppress(psycopg.OperationalError), impatient.guard():
        time.sleep(0.25)
        raise psycopg.OperationalError("sorry, too many clients already")
    with connected(house.servers.database) as connection:
        assert connection.is_usable()


@pytest.mark.parametrize(("named", "seconds"), [({}, "2"), ({"connect_timeout": 9}, "9")])
def test_a_web_process_waits_for_a_connection_as_long_as_database_url_says(
    house, db, impatient, named, seconds
):
    with connected(house.servers.database, **named) as connection:
        assert connection.connection.info.get_parameters()["connect_timeout"] == seconds


class Clock:
    """Stands where it is put, and runs `meanwhile` whenever it is read."""

    now = 0.0

    def __init__(self) -> None:
        self.meanwhile: Callable[[], object] = int

    def monotonic(self) -> float:
        meanwhile, self.meanwhile = self.meanwhile, int
        meanwhile()
        return self.now


def test_a_check_that_goes_on_for_long_is_not_answered_with_its_last_result(monkeypatch):
    monkeypatch.setattr(single_flight, "time", clock := Clock())
    began, answers, all_well, unknown = threading.Event(), threading.Event(), {"all": True}, {"all": False}
    answers.set()
    check = single_flight.one_at_a_time(lambda: began.set() or (answers.wait(20) and all_well), unknown)
    assert check() == all_well
    began.clear()
    answers.clear()
    with ThreadPoolExecutor(1) as pool:
        hanging = pool.submit(check)
        assert began.wait(20)
        clock.now = single_flight.STALE - 0.1
        assert check() == all_well
        clock.now = single_flight.STALE
        assert check() == unknown
        answers.set()
        assert hanging.result() == all_well


def test_who_asks_just_when_a_check_begins_gets_the_last_result_however_old_it_is(monkeypatch):
    monkeypatch.setattr(single_flight, "time", clock := Clock())
    check = single_flight.one_at_a_time(lambda: {"all": True}, {"all": False})
    assert check() == {"all": True}
    clock.now, asked = 60, []
    clock.meanwhile = lambda: asked.append(check())
    assert check() == {"all": True}
    assert asked == [{"all": True}]


def test_a_database_that_hangs_is_said_to_be_away_and_holds_up_nobody_for_long(house, staff):
    def ask(path: str) -> tuple[int, float]:
        began = time.monotonic()
        answer = requests.get(f"{house.url}/{path}", headers=staff.headers, timeout=60)
        return answer.status_code, time.monotonic() - began

    assert ask("readyz")[0] == 200
    demos = ["api/v1/demo/"] * 8
    with ThreadPoolExecutor(10) as pool:
        list(pool.map(ask, demos))  # so that connections are open
        with frozen(house.servers.postgres_dir / "postmaster.pid"):
            waiting = pool.map(ask, demos)
            time.sleep(0.2)
            ready = pool.submit(ask, "readyz")
            asked = [*waiting, ready.result(), ask("readyz"), ask("api/v1/demo/")]
            again = [ask("healthz") for _ in range(5)]
    assert {code for code, _ in asked} == {503}
    assert max(seconds for _, seconds in asked) < 9
    assert max(seconds for _, seconds in asked[-2:]) < 5
    assert max(again) < (200, 1)
    until(lambda: ask("readyz")[0] == ask("api/v1/demo/")[0] == 200, "all goes on", 20)
