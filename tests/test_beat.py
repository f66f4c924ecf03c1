"""Beat ends when it is asked to, whatever it is waiting for, and starts without its database."""

import os
import signal
from collections.abc import Iterator

import pytest

from tests.house import House, running_house, until

pytestmark = pytest.mark.bad_day


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    with running_house("web") as house:
        house.fire("demo: sweep")
        yield house


def waits_for(house: House, table: str) -> bool:
    found = house.sql(
        "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = %s::regclass", f"django_celery_beat_{table}"
    )
    return bool(found)


@pytest.mark.parametrize("asked", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("table", ["periodictask", "periodictasks"])
def test_beat_that_starts_ends_when_its_query_is_interrupted(house, table, asked):
    with house.connect() as other, other.transaction():
        other.execute(f"LOCK django_celery_beat_{table}")
        house.start("beat")
        until(lambda: waits_for(house, table), "beat waits for the table", 30)
        assert ended(house, asked) == 0


@pytest.mark.parametrize("asked", [signal.SIGTERM, signal.SIGINT])
def test_beat_that_runs_ends_when_its_query_is_interrupted(house, asked):
    house.empty_broker()
    house.start("beat")
    until(house.messages, "beat sends a task", 30)
    with house.connect() as other, other.transaction():
        other.execute("LOCK django_celery_beat_periodictasks")
        until(lambda: waits_for(house, "periodictasks"), "beat looks for changes", 30)
        assert ended(house, asked) == 0


def ended(house: House, asked: signal.Signals) -> int:
    """The exit code of beat, which is asked to end and has ten seconds."""
    process = house.processes.pop("beat")
    os.kill(process.pid, asked)
    return process.wait(10)
