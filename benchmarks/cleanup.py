"""Rows a second that cleanup expires, then purges, of 500,000. Peer: one DELETE of all. Limit: each row and its WAL written once.

Meanwhile another process sends events for the same profile, one by one: the time for which cleanup locks the profile
delays them. The one DELETE keeps its locks to its end.
"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from multiprocessing import get_context
from typing import NamedTuple

from django.db import connection
from django.utils import timezone

from accounts.models import Profile, User
from benchmarks import workers
from benchmarks.bulk_insert import fill
from benchmarks.measurements import Measurement, Table, at_least, at_most, milliseconds, p95
from demo.engine.retention import clean_up
from demo.lifecycle import seeding
from demo.windows import RESTORABLE_DAYS
from interactions import row_batches
from interactions.ingest import IncomingEvent, ingest
from interactions.models import Interaction

AGE = timedelta(days=60)  # of the newest row, twice the retention
AN_HOUR = timedelta(hours=1)
PAUSE = 0.01  # seconds between two events


@dataclass(frozen=True)
class Size:
    rows: int
    demo: str  # a key of seeding.SIZES: the user's own demo


FULL = Size(rows=500_000, demo="smoke")
SMALL = Size(rows=1_000, demo="smoke")


class Cleanup(NamedTuple):
    """One cleanup: rows a second, the seconds of the longest lock on the profile, those of each event's ingest meanwhile."""

    rate: float
    max_lock: float
    delays: list[float]


def run(size: Size) -> Iterator[Table]:
    now = timezone.now()
    owner = User.objects.create(username="bench-cleanup")
    account = seeding.seed(owner, now, seed=1, **seeding.SIZES[size.demo])
    profile = Profile.objects.demo().filter(owner=owner).first()
    _fill(profile, size.rows, now)
    with workers.processes(1) as sender:
        expired = _measure(sender, profile, size.rows, lambda: clean_up(now, accounts=[account.pk]).messages)
        _settle()
        later = now + timedelta(days=RESTORABLE_DAYS) + AN_HOUR
        purged = _measure(sender, profile, size.rows, lambda: clean_up(later, accounts=[account.pk]).purged)
    _fill(profile, size.rows, now)
    one_delete = _delete_at_once(profile)
    yield Table(
        f"Cleanup of {size.rows:,} rows while events arrive for the same profile",
        [
            *_measurements("expired", expired, 12_000),
            *_measurements("purged", purged, 50_000),
            Measurement("one DELETE of as many, rows a second", f"{size.rows / one_delete:,.0f}"),
        ],
    )


def _measurements(done: str, cleanup: Cleanup, min_rate: int) -> Iterator[Measurement]:
    yield at_least(f"{done}, rows a second", cleanup.rate, min_rate)
    yield at_most("… maximum time for which a batch locks the profile", cleanup.max_lock * 1_000, 100, " ms")
    yield Measurement("… events that arrived meanwhile, one by one", f"{len(cleanup.delays):,}")
    yield milliseconds("… their ingest, 95th percentile", p95(cleanup.delays))
    yield milliseconds("… their ingest, maximum", max(cleanup.delays))


def _fill(profile: Profile, rows: int, now: datetime) -> None:
    fill([profile], rows, now - AGE, apart=timedelta(seconds=1), message_every=1)
    _settle()


def _settle() -> None:
    """Do what autovacuum and the checkpointer do in the week between two runs of the cleanup."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("CHECKPOINT")


def _measure(sender: ProcessPoolExecutor, profile: Profile, rows: int, clean: Callable[[], int]) -> Cleanup:
    """Run `clean`, which returns how many rows it changed, while the sender's events arrive."""
    with get_context("spawn").Manager() as manager:
        is_sending, is_over = manager.Event(), manager.Event()
        arriving = sender.submit(_send, profile.pk, is_sending, is_over)
        try:
            assert is_sending.wait(60), "no event has arrived"
            with _lock_durations() as durations:
                started = time.perf_counter()
                changed = clean()
                seconds = time.perf_counter() - started
        finally:
            is_over.set()
        assert changed >= rows, changed
        return Cleanup(changed / seconds, max(durations), arriving.result())


@contextmanager
def _lock_durations() -> Iterator[list[float]]:
    """Collect the seconds for which each batch holds the profile, from its lock to the end of its transaction."""
    durations: list[float] = []
    async_commit = row_batches.async_commit

    @contextmanager
    def timed(*args, **kwargs):
        with async_commit(*args, **kwargs):
            locked_at = time.perf_counter()
            yield
        durations.append(time.perf_counter() - locked_at)

    row_batches.async_commit = timed
    try:
        yield durations
    finally:
        row_batches.async_commit = async_commit


def _send(profile_id: int, is_sending, is_over) -> list[float]:
    """Ingest a first event, then one after the other until it is over, at least one; the seconds of each of these."""
    _ingest_one(profile_id)
    is_sending.set()
    delays = []
    while not (delays and is_over.is_set()):
        delays.append(_ingest_one(profile_id))
        time.sleep(PAUSE)
    return delays


def _ingest_one(profile_id: int) -> float:
    """The seconds that the ingest takes for one new message."""
    event = {
        "type": "message.created",
        "id": f"new-{time.time_ns()}",
        "occurred_at": timezone.now().isoformat(),
        "author": {"id": "a"},
        "conversation_id": "t",
        "text": "a new message",
    }
    started = time.perf_counter()
    [result] = ingest([IncomingEvent(profile_id, event)], timezone.now())
    assert result.status == "created", result
    return time.perf_counter() - started


def _delete_at_once(profile: Profile) -> float:
    """The seconds of one DELETE of all old rows of the profile."""
    old = Interaction.objects.filter(profile=profile, posted_at__lt=timezone.now() - timedelta(days=30))
    started = time.perf_counter()
    old._raw_delete(old.db)
    return time.perf_counter() - started
