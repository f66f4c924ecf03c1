"""Bad days on real parts: what a user sees while something is down, and that nothing is lost or doubled afterwards."""

import shutil
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
import requests

from tests.breaking import (
    fill,
    kill_broker,
    no_connection_left,
    pooler,
    refusal,
    set_clock,
    skew,
    tiny_disk,
)
from tests.house import Caller, House, running_house, until
from tests.world import DAY, HOUR

pytestmark = pytest.mark.bad_day
FULL = (35, 920, 100)
PRODUCTION = {"DEBUG": "0", "HTTPS": "0"}


@pytest.fixture(scope="module")
def shared() -> Iterator[House]:
    with running_house(**PRODUCTION) as house:
        yield house


@pytest.fixture
def house(shared) -> Iterator[House]:
    """The house of all tests here; what one of them killed or gave a false clock runs again for the next."""
    yield shared
    shared.kill(*shared.false_clocks & shared.processes.keys())
    shared.false_clocks.clear()
    shared.start(*({"web", "worker", "beat"} - shared.processes.keys()))


def enabled(house: House, name: str) -> Caller:
    caller = house.create_user(name)
    assert caller.post("demo/enable").status_code == 202
    active(caller)
    return caller


def active(caller: Caller) -> None:
    until(lambda: caller.demo()["state"] == "active", f"the demo of {caller.name} is active", 120)
    assert caller.counts() == FULL


def answered(ask: Callable[[], requests.Response], code: int) -> requests.Response:
    """The first answer with that code."""
    answers: list[requests.Response] = []
    until(lambda: answers.append(ask()) or answers[-1].status_code == code, f"an answer {code}", 60)
    return answers[-1]


def test_a_broker_that_dies_and_comes_back_empty_costs_time_and_nothing_else(house):
    caller = house.create_user("broker")
    house.fire("demo: sweep", 2)
    kill_broker(house)
    answer = caller.post("demo/enable")
    assert (answer.status_code, answer.json()["state"]) == (202, "enabling")
    assert requests.get(f"{house.url}/readyz", timeout=20).json()["broker"] is False
    house.servers.ensure(postgres=False)
    active(caller)


@pytest.mark.long
def test_a_broker_whose_disk_is_full_refuses_and_the_work_is_done_when_there_is_room():
    house = House(**PRODUCTION)
    with tiny_disk(house.servers.valkey_dir, 1024):
        try:
            house.start("web", "worker", "beat")
            caller = house.create_user("full")
            filler = fill(house.servers.valkey_dir)
            until(lambda: "MISCONF" in refusal(house), "the broker refuses to write")
            answer = caller.post("demo/enable")
            assert (answer.status_code, answer.json()["state"]) == (202, "enabling")
            assert caller.demo()["state"] == "enabling"
            filler.unlink()
            restart_what_ended(house)
            active(caller)
        finally:
            house.stop()


def restart_what_ended(house: House) -> None:
    """Start services again that ended of themselves, as a supervisor does."""
    for name, process in list(house.processes.items()):
        if process.poll() is not None:
            del house.processes[name]
            house.start(name)


def test_a_database_out_of_connections_is_503_with_a_hint_and_recovers(house):
    caller = house.create_user("crowded")
    with no_connection_left(house):
        ask = {"headers": caller.headers, "timeout": 20}
        answer = answered(lambda: requests.get(f"{house.url}/api/v1/demo/", **ask), 503)
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json()["hint"] == "Nothing was stored; send the same request again in some seconds."
        session = {"cookies": {"sessionid": "x" * 32}, "timeout": 20}
        page = answered(lambda: requests.get(f"{house.url}/comments/", **session), 503)
        assert "Back in a moment" in page.text
        assert requests.get(f"{house.url}/healthz", timeout=20).status_code == 200
        ready = answered(lambda: requests.get(f"{house.url}/readyz", timeout=20), 503)
        assert ready.json()["database"] is False
    answered(lambda: caller.post("demo/enable"), 202)
    active(caller)


def story(house: House, caller: Caller) -> tuple[int, int, int]:
    """What the windows have brought so far: pieces, comments, messages."""
    return house.sql(
        "SELECT count(*) FILTER (WHERE type = 'content.published'), count(*) FILTER (WHERE type = 'comment.created'),"
        " count(*) FILTER (WHERE type = 'message.created') FROM demo_storyevent s"
        " JOIN demo_demoaccount a ON a.id = s.account_id JOIN accounts_user u ON u.id = user_id"
        " WHERE username = %s AND origin = 'window'",
        caller.name,
    )[0]


def marks(caller: Caller) -> tuple[datetime, datetime]:
    runs = caller.demo()["next_runs"]
    return datetime.fromisoformat(runs["content"]), datetime.fromisoformat(runs["interactions"])


def owed(first: tuple[datetime, datetime], now: datetime) -> tuple[int, int, int]:
    """What the windows from the first marks up to `now` bring."""
    content = max(0, (now - first[0]) // DAY + 1)
    interactions = max(0, (now - first[1]) // (6 * HOUR) + 1)
    return 2 * content, 10 * interactions, 5 * interactions


def beat_ran(house: House, name: str) -> datetime:
    return house.sql("SELECT last_run_at FROM django_celery_beat_periodictask WHERE name = %s", name)[0][0]


@pytest.mark.long
def test_a_day_without_beat_is_caught_up_and_a_clock_set_back_doubles_nothing(house):
    caller = enabled(house, "clock")
    house.fire("demo: sweep", 2)
    first = marks(caller)
    house.terminate("beat")
    now = set_clock(house, +30)
    until(lambda: story(house, caller) == owed(first, now), "the day without beat is caught up", 120)
    assert story(house, caller)[1] >= 30
    back = set_clock(house, +29)
    until(
        lambda: beat_ran(house, "demo: deliver due events") < back + timedelta(minutes=30),
        "beat sends tasks by the clock that was set back",
        90,
    )
    until(lambda: beat_ran(house, "demo: sweep") < back + timedelta(minutes=30), "the sweep too", 90)
    assert story(house, caller) == owed(first, now)
    later = set_clock(house, +42)
    until(lambda: story(house, caller) == owed(first, later), "the next windows come", 120)
    house.servers.restart_postgres()


@pytest.mark.long
@pytest.mark.parametrize("clocks", ["-10m +2h", "+20s +0s", "+2h -10m"])
def test_machines_whose_clocks_differ_deliver_what_is_due_once_and_nothing_before(house, clocks):
    worker, beat = clocks.split()
    skew(house, "worker", worker)
    skew(house, "beat", beat)
    caller = enabled(house, f"skewed{worker}")
    own = "account_id = (SELECT a.id FROM demo_demoaccount a JOIN accounts_user u ON u.id = user_id WHERE username = %s)"
    house.sql(
        "INSERT INTO demo_storyevent (account_id, profile_id, type, platform_id, origin, due_at, payload, attempts, held, last_error)"
        " SELECT account_id, profile_id, type, platform_id || minutes, 'generate', now() + minutes * interval '1 minute',"
        " jsonb_set(payload, '{id}', to_jsonb(platform_id || minutes)), 0, false, '' FROM demo_storyevent,"
        f" unnest(ARRAY[0, 5, 60]) AS minutes WHERE id = (SELECT min(id) FROM demo_storyevent WHERE {own}"
        " AND type = 'comment.created')",
        caller.name,
    )
    until(lambda: caller.story("generate") == (3, 1), "what is due is delivered", 40)
    late = f"SELECT count(*) FROM demo_storyevent WHERE delivered_at < due_at AND {own}"
    assert house.sql(late, caller.name) == [(0,)]
    assert caller.counts() == (35, 921, 100)
    assert requests.get(f"{house.url}/readyz", timeout=20).status_code == 200


def test_a_poison_event_dies_alone(house):
    caller = enabled(house, "poisoned")
    house.fire("demo: deliver due events")
    own = "account_id = (SELECT a.id FROM demo_demoaccount a JOIN accounts_user u ON u.id = user_id WHERE username = 'poisoned')"
    house.sql(
        "UPDATE demo_storyevent SET delivered_at = NULL, due_at = now() - interval '1 minute',"
        " payload = CASE WHEN mod(id, 20) = 0 THEN '\"no object\"'::jsonb ELSE payload END"
        f" WHERE {own} AND id IN (SELECT id FROM demo_storyevent WHERE {own} ORDER BY id LIMIT 20)"
    )

    def left() -> list[tuple]:
        return house.sql(
            f"SELECT attempts, dead_at IS NOT NULL FROM demo_storyevent WHERE {own} AND delivered_at IS NULL"
        )

    until(lambda: [row[0] > 0 for row in left()] == [True], "the neighbours are delivered, the culprit waits")
    for attempt in range(2, 7):
        house.sql(f"UPDATE demo_storyevent SET claimed_until = NULL WHERE {own} AND delivered_at IS NULL")
        until(lambda attempt=attempt: left()[0][0] >= attempt, f"attempt {attempt}")
    assert left() == [(6, True)]
    assert caller.demo()["progress"]["dead"] == 1
    assert caller.counts() == FULL


@pytest.mark.long
def test_everything_works_through_a_transaction_pooler():
    if not shutil.which("pgbouncer"):
        pytest.skip("no pgbouncer here")
    house = House()
    try:
        house.servers.ensure(valkey=False)
        with pooler(house) as url:
            house.environment |= {
                "DATABASE_URL": url,
                "DB_POOLER": "1",
                "SECRET_KEY": "pooled",
                "ALLOWED_HOSTS": "*",
            }
            house.environment |= {"DEBUG": "1"}
            house.manage("migrate", "-v0")
            house.start("web", "worker", "beat")
            callers = [enabled(house, f"pooled-{number}") for number in range(3)]
            for caller in callers:
                house.open_a_window(caller.name)
            house.fire("demo: interactions")
            until(
                lambda: all(story(house, caller)[1:] == (10, 5) for caller in callers),
                "the windows are planned",
            )
            assert callers[0].post("demo/generate/interactions").json()["comments"] == 10
            assert callers[1].post("demo/disable").status_code == 202
            until(lambda: callers[1].demo()["state"] == "off", "it is off")
            assert callers[1].counts() == (0, 0, 0)
            for name in ("web", "worker", "beat"):
                assert "Traceback" not in house.log(name)
            house.kill("web", "worker", "beat")
    finally:
        house.stop()
