"""The services in operation: several of each, stopped during work, and their logs, metrics and deployment checks."""

import json
import re
import subprocess
import sys
import time
from pathlib import Path
from uuid import UUID

import pytest
import requests
import yaml

from config import environment
from interactions.signing import sign
from tests.service_stack import CHECKOUT, PLAIN, PROCFILE, ApiClient, ServiceStack, running_stack, until

pytestmark = pytest.mark.flow
FULL = (35, 920, 100)
KEY, METRICS_TOKEN = (
    "a-key-that-no-log-may-show-0123456789-0123456789-xyz",
    "metrics-token-that-no-log-may-show",
)


@pytest.fixture(scope="module")
def stack():
    """With a worker and beat that have started: a signal before that ends a process without its handler."""
    with running_stack(LOG_FORMAT="json", SECRET_KEY=KEY, METRICS_TOKEN=METRICS_TOKEN) as stack:
        first_user = stack.create_user_with_demo("first")
        until(first_user.is_active, "the worker runs")
        until(lambda: lines(stack, "beat"), "beat runs")
        yield stack


def lines(stack: ServiceStack, name: str) -> list[dict]:
    """The JSON lines of a service's log."""
    return [json.loads(line) for line in stack.log(name).splitlines() if line.startswith("{")]


def metric(stack: ServiceStack, name: str) -> float:
    """The value of one metric; 0 when it does not exist yet."""
    response = requests.get(
        f"{stack.url}/metrics", headers={"Authorization": f"Bearer {METRICS_TOKEN}"}, timeout=20
    )
    match = re.search(rf"^{re.escape(name)} (\S+)$", response.text, re.MULTILINE)
    return float(match[1]) if match else 0.0


@pytest.mark.long
def test_two_instances_of_each_service_do_everything_once(stack):
    stack.start("web-2", "worker-2", "beat-2")
    try:
        callers = [stack.create_user(f"side-{number}") for number in range(4)]
        for number, caller in enumerate(callers):
            assert caller.post("demo/enable", "web-2" if number % 2 else "web").status_code == 202
        until(lambda: all(caller.is_active() for caller in callers), "all are active")
        for caller in callers:
            stack.open_a_window(caller.name)
        for name in ("demo: interactions", "demo: deliver due events", "demo: sweep"):
            stack.fire(name)
        until(lambda: all(caller.story("window")[0] >= 15 for caller in callers), "the windows are planned")
        time.sleep(3)  # both beats have fired everything several times by then
        assert [caller.story("initial") for caller in callers] == [(1055, 1055)] * 4
        assert [caller.story("window")[0] for caller in callers] == [15] * 4
        until(
            lambda: all(
                sum(caller.counts()) == 1055 + caller.story("window")[1] + caller.story("spike")[1]
                for caller in callers
            ),
            "each delivered event is stored once",
        )
        logs = stack.log("worker") + stack.log("worker-2")
        for caller in callers:
            assert logs.count(f"Generated 10 comments and 5 DMs for user {caller.name}") == 1
    finally:
        stack.kill("web-2", "worker-2", "beat-2")


@pytest.mark.sample(1)
@pytest.mark.parametrize("name", ["worker", "web", "beat"])
def test_a_service_stops_on_sigterm_with_exit_code_0_and_nothing_is_lost(stack, name):
    caller = stack.create_user_with_demo(f"stopped-{name}")
    code = stack.terminate(name)
    stack.start(name)
    assert code == 0
    until(caller.is_active, "the demo is active", 120)
    assert caller.counts() == FULL


def test_a_response_and_its_log_lines_have_the_same_request_id(stack):
    response = requests.get(f"{stack.url}/api/v1/demo/", timeout=20)
    id = response.headers["X-Request-ID"]
    until(lambda: id in stack.log("web"), "the request is logged")
    [line] = [line for line in lines(stack, "web") if line.get("request_id") == id]
    assert (line["event"], line["code"], line["request"]) == ("request_finished", 401, "GET /api/v1/demo/")
    assert "GET /healthz" not in stack.log("web"), "a successful probe is not logged"


def test_beat_logs_that_it_runs(stack):
    line = lines(stack, "beat")[0]
    assert (line["event"], line["logger"]) == ("Beat runs by the schedules in the database.", "config.beat")


@pytest.mark.long
def test_the_log_lines_of_a_task_have_its_id(stack):
    caller = stack.create_user_with_demo("logged")
    until(caller.is_active, "the demo is active")
    stack.open_a_window("logged")
    stack.fire("demo: interactions")
    expected = "Generated 10 comments and 5 DMs for user logged"
    until(lambda: expected in stack.log("worker"), "the window is logged")
    [line] = [line for line in lines(stack, "worker") if line["event"] == expected]
    assert re.fullmatch(r"[0-9a-f-]{36}", line["task_id"])


@pytest.mark.long
def test_metrics_are_summed_over_processes_and_kept_after_a_restart(stack):
    created = 'perennial_ingested_events_total{result="created"}'
    before = metric(stack, created)
    caller = stack.create_user_with_demo("counted")
    until(caller.is_active, "the demo is active")
    after = metric(stack, created)
    assert after - before >= 1055
    stack.terminate("web")
    stack.start("web")
    assert metric(stack, created) >= after
    assert metric(stack, "perennial_delivery_seconds_count") > 0
    assert metric(stack, "perennial_planning_seconds_count") > 0
    assert metric(stack, 'perennial_demo_accounts{state="failed"}') == 0
    assert metric(stack, "perennial_database_up") == 1
    assert 0 <= metric(stack, "perennial_beat_age_seconds") < 60


@pytest.mark.long
def test_metrics_show_overdue_and_dead_events(stack):
    caller = stack.create_user_with_demo("late")
    until(caller.is_active, "the demo is active")
    stack.kill("worker")
    of_account = "account_id = (SELECT a.id FROM demo_demoaccount a JOIN accounts_user u ON u.id = user_id WHERE username = 'late')"
    stack.sql(
        "UPDATE demo_storyevent SET delivered_at = NULL, due_at = now() - interval '2 hours' WHERE id ="
        f" (SELECT max(id) FROM demo_storyevent WHERE {of_account})"
    )
    stack.sql(
        "UPDATE demo_storyevent SET delivered_at = NULL, dead_at = now() WHERE id ="
        f" (SELECT min(id) FROM demo_storyevent WHERE {of_account})"
    )
    assert metric(stack, "perennial_due_events") >= 1
    assert 7_200 <= metric(stack, "perennial_due_lag_seconds") < 7_300
    assert 7_200 <= metric(stack, "perennial_oldest_undelivered_seconds") < 7_300
    assert metric(stack, "perennial_dead_events") == 1
    stack.start("worker")
    until(lambda: metric(stack, "perennial_due_lag_seconds") < 7_000, "the overdue event is delivered")


@pytest.mark.sample(2)
@pytest.mark.parametrize(
    "charset",
    ["rot13", "hex", "punycode", "unicode_escape", "undefined", "utf-8; charset=rot13"],
)
def test_a_charset_that_is_not_a_text_encoding_is_treated_as_utf_8(stack, charset):
    headers = {"Content-Type": f"text/plain; charset={charset}"}
    assert requests.get(f"{stack.url}/healthz?x=1", headers=headers, timeout=20).status_code == 200
    form = {"Content-Type": f"application/x-www-form-urlencoded; charset={charset}"}
    response = requests.post(
        f"{stack.url}/api/v1/auth/token/", data="username=%5Cud800&password=x", headers=form, timeout=20
    )
    assert (response.status_code, response.headers["Content-Type"]) == (400, "application/problem+json")


WRONG_PASSWORD = "a-wrong-password-that-no-log-may-show"


def test_no_secret_appears_in_a_log_or_a_response(stack):
    caller = stack.create_user("discreet")
    token = caller.headers["Authorization"].split()[1]
    responses = authenticated_in_each_way(stack, caller, token)
    until(caller.is_active, "the demo is active")
    secrets = [row[0] for row in stack.sql("SELECT webhook_secret FROM accounts_profile")]
    [(id, uuid, secret)] = stack.sql(
        "SELECT p.id, p.uuid, webhook_secret FROM accounts_profile p JOIN accounts_user u ON u.id = owner_id"
        " WHERE username = 'discreet' LIMIT 1"
    )
    shown_once = caller.post(f"profiles/{id}/rotate-secret").json()["webhook_secret"]
    responses += [send_signed(stack, uuid, key) for key in (secret, secrets[0], shown_once)]
    responses += [
        requests.get(f"{stack.url}/api/v1/{path}/", headers=caller.headers, timeout=20)
        for path in ("demo", "profiles", "content", "interactions", "analytics/summary", "schema", "nonsense")
    ]
    assert {response.status_code for response in responses} == {200, 202, 400, 401, 404}
    everything = "".join(response.text for response in responses)
    everything += "".join(path.read_text() for path in stack.folder.glob("*.log"))
    for value in (WRONG_PASSWORD, KEY, METRICS_TOKEN, token, shown_once, *secrets):
        assert value not in everything


def authenticated_in_each_way(stack: ServiceStack, caller: ApiClient, token: str) -> list[requests.Response]:
    """The responses to a wrong password, a wrong token, the token of the metrics and a user's token."""
    wrong_password = {"username": caller.name, "password": WRONG_PASSWORD}
    wrong_token = {"Authorization": f"Token {token}x"}
    return [
        requests.post(f"{stack.url}/api/v1/auth/token/", json=wrong_password, timeout=20),
        requests.get(f"{stack.url}/api/v1/demo/", headers=wrong_token, timeout=20),
        requests.get(
            f"{stack.url}/metrics", headers={"Authorization": f"Bearer {METRICS_TOKEN}"}, timeout=20
        ),
        caller.post("demo/enable"),
    ]


def send_signed(stack: ServiceStack, uuid: UUID, secret: str) -> requests.Response:
    """The response to a batch with one invalid event, signed with `secret`."""
    body = b'{"type": "events", "data": {"events": [{"type": 1}]}}'
    headers = sign(secret, "msg_1", int(time.time()), body)
    return requests.post(
        f"{stack.url}/api/v1/webhooks/profiles/{uuid}/", data=body, headers=headers, timeout=20
    )


@pytest.mark.long
def test_search_words_appear_in_no_log(stack):
    """At any log level, and also when the search is refused, fails or times out."""
    word = "words-that-no-log-may-show"
    caller = stack.create_user("searching")
    stack.start("web-2", LOG_LEVEL="DEBUG")
    try:
        for url in (stack.url, f"http://127.0.0.1:{stack.ports['web-2']}"):
            for path in (
                f"api/v1/interactions/?search={word}",
                f"api/v1/content?search={word}&is_demo={word}",
                f"api/v1/interactions/?{word}=1&cursor={word}",
                f"comments/?cursor={word}",
                f"admin/interactions/interaction/?q={word}",
                f"nothing-here?q={word}",
                f"healthz?q={word}",
            ):
                requests.get(f"{url}/{path}", headers=caller.headers, timeout=20)
        with stack.connect() as other, other.transaction():
            other.execute("LOCK TABLE interactions_content")  # makes a search time out
            path = f"api/v1/content/?search={word}"
            timed_out = requests.get(f"{stack.url}/{path}", headers=caller.headers, timeout=30)
        assert timed_out.status_code == 503
    finally:
        stack.kill("web-2")
    until(lambda: "/api/v1/content" in stack.log("web-2"), "the requests are logged")
    logs = [path for path in stack.folder.rglob("*log*") if path.is_file()]
    assert [path.name for path in logs if word in path.read_text(errors="replace")] == []


PRODUCTION = {
    "DATABASE_URL": "postgres://perennial:a-database-password@127.0.0.1:9/perennial",
    "REDIS_URL": "redis://:a-broker-password@127.0.0.1:9/0",
    "SECRET_KEY": "0123456789abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "ALLOWED_HOSTS": "inbox.example.com",
}


def production(tmp_path: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess:
    """Run a Python program with production settings."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=CHECKOUT,
        env=PLAIN | PRODUCTION | {"DATA_DIR": str(tmp_path)} | variables,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.long
def test_production_settings_pass_djangos_deployment_check(tmp_path):
    result = production(tmp_path, "manage.py", "check", "--deploy", "--fail-level", "WARNING")
    assert (result.returncode, "no issues" in result.stdout) == (0, True), result.stderr


@pytest.mark.sample(1)
@pytest.mark.parametrize("command", ["demo_status", "seed_demo --user x"])
def test_an_unreachable_database_is_reported_without_its_password(tmp_path, command):
    result = production(tmp_path, "manage.py", *command.split())
    assert result.returncode == 1
    assert result.stderr.startswith("The database does not answer (check DATABASE_URL): ")
    assert "Traceback" not in result.stderr
    assert "a-database-password" not in result.stdout + result.stderr


def test_the_compose_file_has_the_commands_of_the_procfile_and_all_variables():
    compose = yaml.safe_load((CHECKOUT / "compose.yaml").read_text())["services"]
    assert {name: compose[name]["command"] for name in PROCFILE} == PROCFILE
    unset = {
        "PORT",
        "DATA_DIR",
        "DEBUG",
        "DB_POOLER",
        "ENV_FILE",
    }  # their defaults, or the image's, are right
    for name in PROCFILE:
        assert set(compose[name]["environment"]) == set(environment.VARIABLES) - unset
