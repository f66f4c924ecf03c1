"""Faults in real services: what a user sees meanwhile, and that nothing is lost or duplicated afterwards."""

import shutil
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
import requests

from tests.fault_injection import (
    connections_exhausted,
    fill,
    kill_broker,
    pooler,
    refusal,
    set_clock,
    skew,
    small_disk,
)
from tests.service_stack import ApiClient, ServiceStack, running_stack, until
from tests.world import DAY, HOUR

pytestmark = [pytest.mark.long, pytest.mark.fault_injection]
FULL = (35, 920, 100)
PRODUCTION = {"DEBUG": "0", "HTTPS": "0"}


@pytest.fixture(scope="module")
def shared() -> Iterator[ServiceStack]:
    with running_stack(**PRODUCTION) as stack:
        yield stack


@pytest.fixture
def stack(shared) -> Iterator[ServiceStack]:
    """The stack of all tests here; what one of them killed or gave a false clock runs again for the next."""
    yield shared
    shared.kill(*shared.false_clocks & shared.processes.keys())
    shared.false_clocks.clear()
    shared.start(*({"web", "worker", "beat"} - shared.processes.keys()))


def enabled(stack: ServiceStack, name: str) -> ApiClient:
    caller = stack.create_user_with_demo(name)
    active(caller)
    return caller


def active(caller: ApiClient) -> None:
    until(caller.is_active, f"the demo of {caller.name} is active", 120)
    assert caller.counts() == FULL


def answered(ask: Callable[[], requests.Response], code: int) -> requests.Response:
    """The first answer with that code."""
    answers: list[requests.Response] = []
    until(lambda: answers.append(ask()) or answers[-1].status_code == code, f"an answer {code}", 60)
    return answers[-1]


def test_a_broker_that_dies_and_comes_back_empty_only_delays_work(stack):
    caller = stack.create_user("broker")
    stack.fire("demo: sweep", 2)
    kill_broker(stack)
    answer = caller.post("demo/enable")
    assert (answer.status_code, answer.json()["state"]) == (202, "enabling")
    assert requests.get(f"{stack.url}/readyz", timeout=20).json()["broker"] is False
    stack.servers.ensure(postgres=False)
    active(caller)


def test_work_refused_by_a_broker_with_a_full_disk_is_done_when_there_is_space():
    stack = ServiceStack(**PRODUCTION)
    with small_disk(stack.servers.valkey_dir, 1024):
        try:
            stack.start("web", "worker", "beat")
            caller = stack.create_user("full")
            filler = fill(stack.servers.valkey_dir)
            until(lambda: "MISCONF" in refusal(stack), "the broker refuses to write")
            answer = caller.post("demo/enable")
            assert (answer.status_code, answer.json()["state"]) == (202, "enabling")
            assert caller.demo()["state"] == "enabling"
            filler.unlink()
            stack.until(caller.is_active, "the demo is active", 120)
            assert caller.counts() == FULL
        finally:
            stack.stop()


def test_a_database_out_of_connections_is_503_with_a_hint_and_recovers(stack):
    caller = stack.create_user("crowded")
    with connections_exhausted(stack):
        ask = {"headers": caller.headers, "timeout": 20}
        answer = answered(lambda: requests.get(f"{stack.url}/api/v1/demo/", **ask), 503)
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json()["hint"] == "Nothing was stored; send the same request again in a few seconds."
        session = {"cookies": {"sessionid": "x" * 32}, "timeout": 20}
        page = answered(lambda: requests.get(f"{stack.url}/comments/", **session), 503)
        assert "Database unavailable" in page.text
        assert requests.get(f"{stack.url}/healthz", timeout=20).status_code == 200
        ready = answered(lambda: requests.get(f"{stack.url}/readyz", timeout=20), 503)
        assert ready.json()["database"] is False
    answered(lambda: caller.post("demo/enable"), 202)
    active(caller)


def story(stack: ServiceStack, caller: ApiClient) -> tuple[int, int, int]:
    """What the windows have brought so far: posts, comments, messages."""
    return stack.sql(
        "SELECT count(*) FILTER (WHERE type = 'content.published'), count(*) FILTER (WHERE type = 'comment.created'),"
        " count(*) FILTER (WHERE type = 'message.created') FROM demo_storyevent s"
        " JOIN demo_demoaccount a ON a.id = s.account_id JOIN accounts_user u ON u.id = user_id"
        " WHERE username = %s AND origin = 'window'",
        caller.name,
    )[0]


def next_windows(caller: ApiClient) -> tuple[datetime, datetime]:
    runs = caller.demo()["next_runs"]
    return datetime.fromisoformat(runs["content"]), datetime.fromisoformat(runs["interactions"])


def expected_counts(first: tuple[datetime, datetime], now: datetime) -> tuple[int, int, int]:
    """How many posts, comments and messages the windows from `first` (content, interactions) up to `now` bring."""
    content = max(0, (now - first[0]) // DAY + 1)
    interactions = max(0, (now - first[1]) // (6 * HOUR) + 1)
    return 2 * content, 10 * interactions, 5 * interactions


def beat_ran(stack: ServiceStack, name: str) -> datetime:
    return stack.sql("SELECT last_run_at FROM django_celery_beat_periodictask WHERE name = %s", name)[0][0]


def test_a_day_without_beat_is_caught_up_and_a_clock_set_back_duplicates_nothing(stack):
    caller = enabled(stack, "clock")
    stack.fire("demo: sweep", 2)
    first = next_windows(caller)
    stack.terminate("beat")
    now = set_clock(stack, +30)
    until(
        lambda: story(stack, caller) == expected_counts(first, now), "the day without beat is caught up", 120
    )
    assert story(stack, caller)[1] >= 30
    back = set_clock(stack, +29)
    until(
        lambda: beat_ran(stack, "demo: deliver due events") < back + timedelta(minutes=30),
        "beat sends tasks by the clock that was set back",
        90,
    )
    until(lambda: beat_ran(stack, "demo: sweep") < back + timedelta(minutes=30), "the sweep too", 90)
    assert story(stack, caller) == expected_counts(first, now)
    later = set_clock(stack, +42)
    until(lambda: story(stack, caller) == expected_counts(first, later), "the next windows come", 120)
    stack.servers.restart_postgres()


@pytest.mark.parametrize("clocks", ["-10m +2h", "+20s +0s", "+2h -10m"])
def test_machines_with_different_clocks_deliver_due_events_once_and_none_early(stack, clocks):
    worker, beat = clocks.split()
    skew(stack, "worker", worker)
    skew(stack, "beat", beat)
    caller = enabled(stack, f"skewed{worker}")
    own = "account_id = (SELECT a.id FROM demo_demoaccount a JOIN accounts_user u ON u.id = user_id WHERE username = %s)"
    stack.sql(
        "INSERT INTO demo_storyevent (account_id, profile_id, type, platform_id, origin, due_at, payload, attempts, held, last_error)"
        " SELECT account_id, profile_id, type, platform_id || minutes, 'generate', now() + minutes * interval '1 minute',"
        " jsonb_set(payload, '{id}', to_jsonb(platform_id || minutes)), 0, false, '' FROM demo_storyevent,"
        f" unnest(ARRAY[0, 5, 60]) AS minutes WHERE id = (SELECT min(id) FROM demo_storyevent WHERE {own}"
        " AND type = 'comment.created')",
        caller.name,
    )
    until(lambda: caller.story("generate") == (3, 1), "what is due is delivered", 40)
    late = f"SELECT count(*) FROM demo_storyevent WHERE delivered_at < due_at AND {own}"
    assert stack.sql(late, caller.name) == [(0,)]
    assert caller.counts() == (35, 921, 100)
    assert requests.get(f"{stack.url}/readyz", timeout=20).status_code == 200


def test_only_the_failing_event_becomes_dead(stack):
    caller = enabled(stack, "poisoned")
    stack.fire("demo: deliver due events")
    own = "account_id = (SELECT a.id FROM demo_demoaccount a JOIN accounts_user u ON u.id = user_id WHERE username = 'poisoned')"
    stack.sql(
        "UPDATE demo_storyevent SET delivered_at = NULL, due_at = now() - interval '1 minute',"
        " payload = CASE WHEN mod(id, 20) = 0 THEN '\"no object\"'::jsonb ELSE payload END"
        f" WHERE {own} AND id IN (SELECT id FROM demo_storyevent WHERE {own} ORDER BY id LIMIT 20)"
    )

    def undelivered() -> list[tuple]:
        return stack.sql(
            f"SELECT attempts, dead_at IS NOT NULL FROM demo_storyevent WHERE {own} AND delivered_at IS NULL"
        )

    until(
        lambda: [row[0] > 0 for row in undelivered()] == [True],
        "the other events are delivered, the failing one waits",
    )
    for attempt in range(2, 7):
        stack.sql(f"UPDATE demo_storyevent SET claimed_until = NULL WHERE {own} AND delivered_at IS NULL")
        until(lambda attempt=attempt: undelivered()[0][0] >= attempt, f"attempt {attempt}")
    assert undelivered() == [(6, True)]
    assert caller.demo()["progress"]["dead"] == 1
    assert caller.counts() == FULL


def test_everything_works_through_a_transaction_pooler():
    if not shutil.which("pgbouncer"):
        pytest.skip("no pgbouncer here")
    stack = ServiceStack()
    try:
        stack.servers.ensure(valkey=False)
        with pooler(stack) as url:
            stack.environment |= {
                "DATABASE_URL": url,
                "DB_POOLER": "1",
                "SECRET_KEY": "pooled",
                "ALLOWED_HOSTS": "*",
            }
            stack.environment |= {"DEBUG": "1"}
            stack.manage("migrate", "-v0")
            stack.start("web", "worker", "beat")
            callers = [enabled(stack, f"pooled-{number}") for number in range(3)]
            for caller in callers:
                stack.open_a_window(caller.name)
            stack.fire("demo: interactions")
            until(
                lambda: all(story(stack, caller)[1:] == (10, 5) for caller in callers),
                "the windows are planned",
            )
            assert callers[0].post("demo/generate/interactions").json()["comments"] == 10
            assert callers[1].post("demo/disable").status_code == 202
            until(lambda: callers[1].demo()["state"] == "off", "it is off")
            assert callers[1].counts() == (0, 0, 0)
            for name in ("web", "worker", "beat"):
                assert "Traceback" not in stack.log(name)
            stack.kill("web", "worker", "beat")
    finally:
        stack.stop()
