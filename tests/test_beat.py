"""Beat ends on SIGTERM and SIGINT whatever it waits for, and starts even while its schedules cannot be read."""

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
    """Whether a query waits for a lock on django-celery-beat's table."""
    query = "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = %s::regclass"
    return bool(house.sql(query, f"django_celery_beat_{table}"))


def queued_messages(house: House) -> int:
    with house.broker() as broker:
        return broker.llen("celery")


@pytest.mark.parametrize("stop_signal", first(1, [signal.SIGTERM, signal.SIGINT]))
@pytest.mark.parametrize("table", ["periodictask", "periodictasks"])
def test_a_signal_ends_beat_during_a_query_while_it_starts(house, table, stop_signal):
    with house.connect() as other, other.transaction():
        other.execute(f"LOCK django_celery_beat_{table}")
        house.start("beat")
        until(lambda: waits_for(house, table), "beat waits for the table", 30)
        assert house.terminate("beat", stop_signal, 10) == 0


@pytest.mark.parametrize("stop_signal", first(1, [signal.SIGTERM, signal.SIGINT]))
def test_a_signal_ends_beat_during_a_query_while_it_runs(house, stop_signal):
    house.empty_broker()
    house.start("beat")
    until(lambda: queued_messages(house), "beat sends a task", 30)
    with house.connect() as other, other.transaction():
        other.execute("LOCK django_celery_beat_periodictasks")
        until(lambda: waits_for(house, "periodictasks"), "beat checks for changes", 30)
        assert house.terminate("beat", stop_signal, 10) == 0


def test_beat_reads_its_schedules_later_when_they_cannot_be_read_at_the_start(house):
    house.empty_broker()
    house.sql("ALTER TABLE django_celery_beat_periodictask RENAME TO elsewhere")
    try:
        house.start("beat")
        until(lambda: "The schedules cannot be read yet" in house.log("beat"), "beat logs the failure", 30)
        assert queued_messages(house) == 0
    finally:
        house.sql("ALTER TABLE elsewhere RENAME TO django_celery_beat_periodictask")
    until(lambda: queued_messages(house), "beat sends a task", 30)
    assert house.terminate("beat") == 0
