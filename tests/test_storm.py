"""A storm: services and servers are killed at random, while users ask for everything; afterwards every count is exact.

`make storm MINUTES=10` lasts ten minutes. The seed is printed; STORM_SEED repeats it.
"""

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.service_stack import ApiClient, ServiceStack, running_stack, until

SECONDS = float(os.environ.get("STORM_MINUTES") or 1) * 60
SEED = os.environ.get("STORM_SEED") or str(random.randrange(10**6))
FULL = (35, 920, 100)
SERVICES = ("web", "worker", "beat")
REQUESTS = (  # path and body; switched on most often, as all else is refused while a demo is off
    *(("demo/enable", {}),) * 4,
    *(("demo/resume", {}),) * 2,
    ("demo/pause", {}),
    ("demo/reset", {}),
    ("demo/disable", {}),
    ("demo/advance", {"days": 1}),
    ("demo/generate/daily-content", {}),
    ("demo/generate/interactions", {}),
    ("demo/scenarios/viral-spike", {}),
)
# Allowed answers while something is down: 503; 409 when the state of the demo does not allow the request; 429 for throttling.
EXPECTED = {200, 202, 409, 429, 503}
NO_ANSWER = 0
OWN = "s.account_id = (SELECT a.id FROM demo_demoaccount a JOIN accounts_user u ON u.id = user_id WHERE username = %s)"

pytestmark = [pytest.mark.long, pytest.mark.flow, pytest.mark.timeout(SECONDS + 900)]


@pytest.fixture
def stack() -> Iterator[ServiceStack]:
    with running_stack(DEBUG="0", HTTPS="0") as stack:
        if not stack.embedded:
            pytest.skip("the database belongs to somebody else")
        yield stack


def test_after_a_storm_of_kills_every_count_is_exact(stack):
    print(f"STORM_SEED={SEED} STORM_MINUTES={SECONDS / 60:g}")
    bystander = stack.create_user_with_demo("bystander")
    until(bystander.is_active, "the other demo is active")
    callers = [stack.create_user(f"storm-{number}") for number in range(3)]
    stack.fire("demo: sweep", 2)
    stack.fire("demo: deliver due events")

    over, answers = threading.Event(), Counter()
    asking = threading.Thread(target=ask_at_random, args=(callers, over, answers))
    asking.start()
    try:
        killed = kill_at_random(stack)
    finally:
        over.set()
        asking.join()
    print(f"killed {dict(killed)}, answered {dict(answers)}")

    assert set(answers) <= EXPECTED | {NO_ANSWER}
    assert killed.keys() == {*SERVICES, "postgres", "valkey"}
    for caller in callers:
        assert_settled_without_loss(stack, caller)
    assert bystander.counts() == FULL
    assert bystander.story("initial") == (1055, 1055)
    for caller in callers:
        caller.post("demo/disable")
        stack.until(lambda caller=caller: caller.demo()["state"] == "off", "the demo is off", 120)
        assert caller.counts() == (0, 0, 0)
        assert stack.sql(f"SELECT count(*) FROM demo_storyevent s WHERE {OWN}", caller.name) == [(0,)]


def kill_at_random(stack: ServiceStack) -> Counter[str]:
    """Kill a service or a server every second or so and start it again; return how often each was killed."""
    chance = random.Random(SEED)
    victims = [*SERVICES, "worker", "postgres", "valkey"]
    killed: Counter[str] = Counter()
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        time.sleep(chance.uniform(0, 2))
        # every one at least once, then at random
        victim = next((name for name in victims if not killed[name]), None) or chance.choice(victims)
        if victim in SERVICES:
            stack.kill(victim)
        else:
            kill_server(stack, victim)
        killed[victim] += 1
        time.sleep(chance.uniform(0, 1))
        stack.servers.ensure()
        stack.start(*({*SERVICES} - stack.processes.keys()))
        stack.restart_ended()
    return killed


def kill_server(stack: ServiceStack, name: str) -> None:
    """SIGKILL to PostgreSQL or Valkey; its files stay, as they do when a machine kills it for want of memory."""
    pid_files: dict[str, Path] = {
        "postgres": stack.servers.postgres_dir / "postmaster.pid",
        "valkey": stack.servers.valkey_dir / "valkey.pid",
    }
    os.kill(int(pid_files[name].read_text().split()[0]), signal.SIGKILL)


def ask_at_random(callers: list[ApiClient], over: threading.Event, answers: Counter[int]) -> None:
    """Send requests until the event, and count the codes of their answers."""
    chance = random.Random(f"{SEED} requests")
    while not over.wait(chance.uniform(0, 1)):
        path, body = chance.choice(REQUESTS)
        try:
            answers[chance.choice(callers).post(path, **body).status_code] += 1
        except requests.RequestException:
            answers[NO_ANSWER] += 1


def assert_settled_without_loss(stack: ServiceStack, caller: ApiClient) -> None:
    """Bring the demo to being active; then every event that was delivered is stored once, and nothing else is."""
    passing = {"enabling", "disabling"}
    stack.until(lambda: caller.demo()["state"] not in passing, "what was begun is finished", 180)
    caller.post("demo/resume")
    stack.until(lambda: caller.post("demo/enable").status_code in (200, 202), "the demo is switched on", 60)
    stack.until(caller.is_active, "the demo is active", 180)
    late = f"SELECT count(*) FROM demo_storyevent s WHERE delivered_at IS NULL AND due_at < now() AND {OWN}"
    stack.until(lambda: stack.sql(late, caller.name) == [(0,)], "what is due is delivered", 180)
    assert caller.story("initial") == (1055, 1055)
    events, stored = delivered_and_stored(stack, caller)
    assert events == stored


def delivered_and_stored(stack: ServiceStack, caller: ApiClient) -> tuple[set, set]:
    """The profile and id of each delivered event that brings a row, and of each row, read at one moment."""
    found = stack.sql(
        f"SELECT 'event', profile_id, platform_id FROM demo_storyevent s WHERE {OWN} AND delivered_at IS NOT NULL"
        " AND type <> 'content.metrics' UNION ALL"
        " SELECT 'row', profile_id, t.platform_id FROM (SELECT profile_id, platform_id, is_demo FROM interactions_content"
        " UNION ALL SELECT profile_id, platform_id, is_demo FROM interactions_interaction) t"
        " JOIN accounts_profile p ON p.id = profile_id JOIN accounts_user u ON u.id = owner_id"
        " WHERE t.is_demo AND username = %s",
        caller.name,
        caller.name,
    )
    kinds = {kind: [row[1:] for row in found if row[0] == kind] for kind in ("event", "row")}
    assert all(len(rows) == len(set(rows)) for rows in kinds.values())
    return set(kinds["event"]), set(kinds["row"])
