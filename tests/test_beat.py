"""Beat ends on SIGTERM and SIGINT whatever it waits for, and starts even while its schedules cannot be read."""

import signal
from collections.abc import Iterator

import pytest

from tests.service_stack import ServiceStack, running_stack, until

pytestmark = [pytest.mark.long, pytest.mark.fault_injection]


@pytest.fixture(scope="module")
def stack() -> Iterator[ServiceStack]:
    with running_stack("web", WEB_CONCURRENCY="1") as stack:
        stack.fire("demo: sweep")
        yield stack


def waits_for(stack: ServiceStack, table: str) -> bool:
    """Whether a query waits for a lock on django-celery-beat's table."""
    query = "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = %s::regclass"
    return bool(stack.sql(query, f"django_celery_beat_{table}"))


def queued_messages(stack: ServiceStack) -> int:
    with stack.broker() as broker:
        return broker.llen("celery")


@pytest.mark.parametrize("stop_signal", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("table", ["periodictask", "periodictasks"])
def test_a_signal_ends_beat_during_a_query_while_it_starts(stack, table, stop_signal):
    with stack.connect() as other, other.transaction():
        other.execute(f"LOCK django_celery_beat_{table}")
        stack.start("beat")
        until(lambda: waits_for(stack, table), "beat waits for the table", 30)
        assert stack.terminate("beat", stop_signal, 10) == 0


@pytest.mark.parametrize("stop_signal", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_beat_during_a_query_while_it_runs(stack, stop_signal):
    stack.empty_broker()
    stack.start("beat")
    until(lambda: queued_messages(stack), "beat sends a task", 30)
    with stack.connect() as other, other.transaction():
        other.execute("LOCK django_celery_beat_periodictasks")
        until(lambda: waits_for(stack, "periodictasks"), "beat checks for changes", 30)
        assert stack.terminate("beat", stop_signal, 10) == 0


def test_beat_reads_its_schedules_later_when_they_cannot_be_read_at_the_start(stack):
    stack.empty_broker()
    stack.sql("ALTER TABLE django_celery_beat_periodictask RENAME TO elsewhere")
    try:
        stack.start("beat")
        until(lambda: "The schedules cannot be read yet" in stack.log("beat"), "beat logs the failure", 30)
        assert queued_messages(stack) == 0
    finally:
        stack.sql("ALTER TABLE elsewhere RENAME TO django_celery_beat_periodictask")
    until(lambda: queued_messages(stack), "beat sends a task", 30)
    assert stack.terminate("beat") == 0
