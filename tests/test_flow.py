"""Real web, worker and beat processes: demos stay complete while workers are killed and the broker is emptied."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import requests

from demo.engine.delivery import deliver_due
from demo.engine.planning import plan_due
from interactions.locks import PROFILE_LOCKS
from interactions.models import Content, Interaction
from tests.service_stack import ApiClient, ServiceStack, running_stack, until
from tests.world import demo_of

pytestmark = pytest.mark.flow
FULL = (35, 920, 100)


@pytest.fixture(scope="module")
def stack():
    with running_stack() as stack:
        yield stack


@pytest.fixture(scope="module")
def bystander(stack) -> ApiClient:
    """A user with a complete demo of her own, which nothing below may change."""
    bystander = stack.create_user("bystander")
    bystander.post("demo/enable", seed=1)
    until(bystander.is_active, "the other demo is active")
    return bystander


def blocked_profiles(stack: ServiceStack, caller: ApiClient):
    """A connection that holds the caller's profiles, so that an ingest for them waits."""
    connection = stack.connect()
    connection.execute(
        "SELECT pg_advisory_lock(%s | p.id) FROM accounts_profile p JOIN accounts_user u ON u.id = owner_id"
        " WHERE username = %s ORDER BY p.id",
        [PROFILE_LOCKS, caller.name],
    )
    return connection


def test_enabling_fills_the_inbox_and_shows_its_progress(stack):
    caller = stack.create_user("enabler")
    assert caller.post("demo/enable").status_code == 202
    seen = []
    until(lambda: seen.append(caller.demo()) or seen[-1]["state"] == "active", "the demo is active")
    done = [
        sum(demo["progress"][kind]["done"] for kind in ("content", "comments", "messages")) for demo in seen
    ]
    assert done == sorted(done)
    assert done[-1] == 1055
    assert caller.counts() == FULL


def test_a_window_brings_its_quota_once_however_often_beat_fires(stack, bystander):
    caller = stack.create_user_with_demo("talker")
    until(caller.is_active, "the demo is active")
    before = bystander.story("window")
    stack.open_a_window("talker")
    stack.fire("demo: interactions")
    stack.fire("demo: deliver due events")
    until(lambda: caller.story("window")[0] >= 15, "the window is planned")
    stack.kill("beat")
    stack.start("beat")
    until(
        lambda: stack.log("worker").count("Generated 10 comments and 5 DMs for user talker") == 1,
        "the log says so",
    )

    def stored() -> bool:
        planned, delivered = caller.story("window")
        return (planned, sum(caller.counts())) == (15, 1055 + delivered + caller.story("spike")[1])

    until(stored, "fifteen events are planned, and those that were due are stored")
    assert bystander.story("window") == before


@pytest.mark.long
def test_the_worker_advances_a_week_and_delivers_a_scenario(stack, bystander):
    caller = stack.create_user_with_demo("traveller")
    until(caller.is_active, "the demo is active")
    before, others = caller.demo()["enabled_at"], bystander.counts()
    assert caller.post("demo/advance", days=7).status_code == 202
    until(lambda: caller.demo()["enabled_at"] < before, "its past has moved")
    until(lambda: caller.story("window")[0] == 27 * 15 + 6 * 2, "its week is planned")
    until(lambda: caller.counts()[0] >= 35 + 5 * 2, "its posts have arrived")
    stack.fire("demo: deliver due events")
    assert caller.post("demo/scenarios/viral-spike").json()["scenarios"][0]["name"] == "viral-spike"
    until(lambda: caller.story("viral-spike")[1], "it has begun")
    assert bystander.counts() == others


@pytest.mark.long
def test_the_work_of_a_worker_killed_during_the_batch_is_completed(stack):
    stack.fire("demo: sweep")
    caller = stack.create_user("killed")
    stack.kill("worker")
    caller.post("demo/enable")
    with blocked_profiles(stack, caller):
        stack.start("worker")
        until(lambda: caller.story("initial")[0] == 1055, "the batch is planned")
        stack.kill("worker")
    assert caller.counts() == (0, 0, 0)
    stack.start("worker")
    until(caller.is_active, "the demo is active", 120)
    assert caller.counts() == FULL


@pytest.mark.long
def test_a_slow_account_does_not_delay_other_work_of_the_sweep(stack):
    slow, caller = stack.create_user("slow"), stack.create_user("behind")
    slow.post("demo/enable")
    until(slow.is_active, "the demo is active")
    stack.kill("worker")
    slow.post("demo/disable")
    caller.post("demo/enable")
    stack.empty_broker()
    with blocked_profiles(stack, slow):
        stack.start("worker")
        until(caller.is_active, "the demo is active", 120)
        assert slow.demo()["state"] == "disabling"
    until(lambda: slow.demo()["state"] == "off", "the demo is off", 120)


@pytest.mark.long
def test_an_emptied_broker_loses_nothing(stack):
    caller = stack.create_user("emptied")
    stack.kill("worker")
    caller.post("demo/enable")
    stack.empty_broker()
    stack.start("worker")
    until(caller.is_active, "the demo is active", 120)
    assert caller.counts() == FULL


@pytest.mark.long
def test_a_database_restarted_in_the_middle_loses_nothing(stack):
    if not stack.embedded:
        pytest.skip("the database belongs to somebody else")
    caller = stack.create_user("restarted")
    stack.kill("worker")
    caller.post("demo/enable")
    with blocked_profiles(stack, caller):
        stack.start("worker")
        until(lambda: caller.story("initial")[0] == 1055, "the batch is planned")
        stack.servers.restart_postgres()
    until(caller.is_active, "the demo is active", 120)
    assert caller.counts() == FULL


@pytest.mark.long
def test_a_demo_that_catches_up_a_day_equals_one_that_ran_all_day(stack, alice):
    enabled = datetime.now(UTC).replace(microsecond=0) - timedelta(days=2, minutes=1)
    demo_of(alice, enabled, seed=7)
    now = enabled
    while now < enabled + timedelta(days=2):
        plan_due(now)
        deliver_due(now)
        now += timedelta(hours=1)
    stack.kill("worker", "beat")
    stack.manage(
        "seed_demo",
        "--user",
        "twin",
        "--create",
        "--seed",
        "7",
        "--size",
        "smoke",
        "--now",
        enabled.isoformat(),
    )
    stack.start("worker", "beat")
    expected = {
        *Content.objects.values_list(*COMPARED_FIELDS),
        *Interaction.objects.values_list(*COMPARED_FIELDS),
    }
    until(lambda: len(stored(stack, "twin")) >= len(expected), "the twin has caught up")
    last = max(row[2] for row in expected)
    assert {row for row in stored(stack, "twin") if row[2] <= last} == expected


COMPARED_FIELDS = ("platform_id", "text", "posted_at")


def stored(stack: ServiceStack, name: str) -> set[tuple]:
    rows = set()
    for table in ("interactions_content", "interactions_interaction"):
        rows |= set(
            stack.sql(
                f"SELECT t.platform_id, text, posted_at FROM {table} t JOIN accounts_profile p ON p.id = profile_id"
                " JOIN accounts_user u ON u.id = owner_id WHERE username = %s",
                name,
            )
        )
    return rows


def test_disabling_removes_everything_and_changes_no_other_demo(stack, bystander):
    caller = stack.create_user_with_demo("leaver")
    until(caller.is_active, "the demo is active")
    assert caller.post("demo/disable").status_code == 202
    until(lambda: caller.demo()["state"] == "off", "the demo is off")
    assert caller.counts() == (0, 0, 0)
    assert caller.story("initial") == (0, 0)
    assert bystander.counts() == FULL


MORE = {"content": 0, "comments": 10, "messages": 5}


@pytest.mark.long
def test_a_single_web_process_delivers_to_itself_over_http():
    with running_stack(DEMO_DELIVERY="http", WEB_CONCURRENCY="1") as stack, ThreadPoolExecutor(4) as pool:
        caller = stack.create_user_with_demo("over-http")
        until(caller.is_active, "the demo is active")
        assert caller.counts() == FULL
        assert caller.post("demo/generate/interactions").json() == MORE
        asked = [pool.submit(caller.post, "demo/generate/interactions") for _ in range(4)]
        answers = [answer.result() for answer in asked]
        taken = [answer.json() for answer in answers if answer.ok]
        refused = {
            (answer.status_code, "Retry-After" in answer.headers) for answer in answers if not answer.ok
        }
        assert taken == [MORE] * len(taken) != []  # one thread of four may wait
        assert refused <= {(503, True)}
        assert caller.counts() == (35, 930 + 10 * len(taken), 105 + 5 * len(taken))


@pytest.mark.long
def test_a_bulk_job_whose_worker_was_killed_is_done_once_by_another(stack):
    caller = stack.create_user("tidy")
    [(profile,)] = stack.sql(
        "INSERT INTO accounts_profile (owner_id, uuid, platform, platform_id, handle, display_name, is_demo, webhook_secret,"
        " webhook_secret_previous, created_at) SELECT id, gen_random_uuid(), 'x', 'tidy', 'tidy', '', false, 'whsec', '', now()"
        " FROM accounts_user WHERE username = 'tidy' RETURNING id"
    )
    stack.sql(
        "INSERT INTO interactions_thread (profile_id, is_demo, kind, root_ref, content_ref, status, unread, active_at, last_at,"
        " last_ref, last_in_at, last_in_ref, last_in_received_at, decision, covers_ref, label_ids)"
        " SELECT %s, false, 'comment', n, '', 'open', true, at, at, n, at, n, at, '', '', '{}'"
        " FROM (SELECT n::text, now() - n * interval '1 minute' AS at FROM generate_series(1, 1200) n) numbered",
        profile,
    )
    with blocked_profiles(stack, caller):
        answer = caller.post("threads/bulk", filter={}, set={"status": "done"})
        assert (answer.status_code, answer.json()["left"]) == (202, 1_200)
        waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        until(lambda: stack.sql(waiting) == [(1,)], "the worker waits for the profile")
        stack.kill("worker")
    stack.start("worker")
    path = f"{stack.url}/api/v1/threads/bulk/{answer.json()['id']}/"
    job = until(
        lambda: (
            (shown := requests.get(path, headers=caller.headers, timeout=20).json())["state"] == "done"
            and shown
        ),
        "the job is done",
        150,
    )
    decided = "SELECT count(*), count(DISTINCT thread_id) FROM interactions_decision WHERE profile_id = %s"
    assert (job["changed"], job["left"], stack.sql(decided, profile)) == (1_200, 0, [(1_200, 1_200)])


def test_readyz_succeeds_while_all_services_run(stack):
    until(lambda: requests.get(f"{stack.url}/readyz", timeout=20).json()["beat"], "beat has run")
    answer = requests.get(f"{stack.url}/readyz", timeout=20)
    assert (answer.status_code, answer.json()) == (
        200,
        {"status": "ok", "database": True, "broker": True, "beat": True, "delivery": True},
    )
