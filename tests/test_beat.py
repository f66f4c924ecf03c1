"""Beat ends when it is asked to, whatever it is waiting for, and starts while its schedules cannot be read."""

import signal
from collections.abc import Iterator

import pytest

from tests.house import House, running_house, until
from tests.long import first

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


def sent(house: House) -> int:
    """The messages that wait for a worker."""
    with house.broker() as broker:
        return broker.llen("celery")


@pytest.mark.parametrize("asked", first(1, [signal.SIGTERM, signal.SIGINT]))
@pytest.mark.parametrize("table", ["periodictask", "periodictasks"])
def test_beat_that_starts_ends_when_its_query_is_interrupted(house, table, asked):
    with house.connect() as other, other.transaction():
        other.execute(f"LOCK django_celery_beat_{table}")
        house.start("beat")
        until(lambda: waits_for(house, table), "beat waits for the table", 30)
        assert house.terminate("beat", asked, 10) == 0


@pytest.mark.parametrize("asked", first(1, [signal.SIGTERM, signal.SIGINT]))
def test_beat_that_runs_ends_when_its_query_is_interrupted(house, asked):
    house.empty_broker()
    house.start("beat")
    until(lambda: sent(house), "beat sends a task", 30)
    with house.connect() as other, other.transaction():
        other.execute("LOCK django_celery_beat_periodictasks")
        until(lambda: waits_for(house, "periodictasks"), "beat looks for changes", 30)
        assert house.terminate("beat", asked, 10) == 0


def test_beat_that_cannot_read_its_schedules_at_the_start_reads_them_later(house):
    house.empty_broker()
    house.sql("ALTER TABLE django_celery_beat_periodictask RENAME TO elsewhere")
    try:
        house.start("beat")
        until(lambda: "The schedules cannot be read yet" in house.log("beat"), "beat says so", 30)
        assert sent(house) == 0
    finally:
        house.sql("ALTER TABLE elsewhere RENAME TO django_celery_beat_periodictask")
    until(lambda: sent(house), "beat sends a task", 30)
    assert house.terminate("beat") == 0
