"""Ageing of 500,000 demo rows while another process sends events for the same profile: hidden first, then purged.

Beside them one bare DELETE of as many, which holds its locks to the end.
"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from multiprocessing import get_context
from typing import NamedTuple

from django.db import connection
from django.utils import timezone

from accounts.models import Profile, User
from benchmarks import workers
from benchmarks.figures import Figure, at_least, at_most, milliseconds, p95, show
from benchmarks.rows import fill
from demo.engine import bulk
from demo.engine.retention import GRACE, clean_up
from demo.lifecycle import seeding
from interactions.ingest import IncomingEvent, ingest
from interactions.models import Interaction

ROWS = 500_000
OLD = timedelta(days=60)
AN_HOUR = timedelta(hours=1)


class Run(NamedTuple):
    """One way of ageing: rows a second, the longest hold in seconds, and those of each event's ingest meanwhile."""

    rate: float
    longest: float
    delays: list[float]


def run() -> None:
    now = timezone.now()
    owner = User.objects.create(username="bench-cleanup")
    account = seeding.seed(owner, now, seed=1, **seeding.SIZES["smoke"])
    profile = Profile.objects.demo().filter(owner=owner).first()
    _fill(profile, now)
    with workers.processes(1) as sender:
        hidden = _timed(sender, profile, lambda: clean_up(now, accounts=[account.pk]).messages)
        _settle()
        later = now + GRACE + AN_HOUR
        purged = _timed(sender, profile, lambda: clean_up(later, accounts=[account.pk]).purged)
    _fill(profile, now)
    bare = _bare_delete(profile)
    show(
        f"Ageing of {ROWS:,} rows while events arrive for the same profile",
        [
            *_figures("hidden", hidden, 12_000),
            *_figures("purged", purged, 50_000),
            Figure("one bare DELETE of as many, rows a second", f"{ROWS / bare:,.0f}"),
        ],
    )


def _figures(done: str, one: Run, least: int) -> Iterator[Figure]:
    yield at_least(f"{done}, rows a second", one.rate, least)
    yield at_most("… the longest that a batch holds the profile", one.longest * 1_000, 100, " ms")
    yield Figure("… events that arrived meanwhile, one by one", f"{len(one.delays):,}")
    yield milliseconds("… their ingest, 95th percentile", p95(one.delays))
    yield milliseconds("… their ingest, the worst", max(one.delays))


def _fill(profile: Profile, now: datetime) -> None:
    fill([profile], ROWS, now - OLD, apart=timedelta(seconds=1), message_every=1)
    _settle()


def _settle() -> None:
    """What autovacuum and the checkpointer do in the week that lies between."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("CHECKPOINT")


def _timed(sender: ProcessPoolExecutor, profile: Profile, age: Callable[[], int]) -> Run:
    over = _manager().Event()
    arriving = sender.submit(_arrive, profile.pk, over)
    try:
        with _transactions() as lengths:
            started = time.perf_counter()
            rows = age()
            seconds = time.perf_counter() - started
    finally:
        over.set()
    assert rows >= ROWS, rows
    return Run(rows / seconds, max(lengths), arriving.result())


def _manager():
    return get_context("spawn").Manager()


@contextmanager
def _transactions() -> Iterator[list[float]]:
    """The seconds for which every batch holds the profile, from its lock to its end."""
    lengths: list[float] = []
    lock, async_commit = bulk.lock_profiles, bulk.async_commit
    held = [0.0]

    def locked(profiles):
        lock(profiles)
        held[0] = time.perf_counter()

    @contextmanager
    def timed(*args, **kwargs):
        with async_commit(*args, **kwargs):
            yield
        lengths.append(time.perf_counter() - held[0])

    bulk.lock_profiles, bulk.async_commit = locked, timed
    try:
        yield lengths
    finally:
        bulk.lock_profiles, bulk.async_commit = lock, async_commit


def _arrive(profile_id: int, over) -> list[float]:
    """One message after the other until it is over; the seconds that each took."""
    delays = []
    while not over.is_set():
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
        delays.append(time.perf_counter() - started)
        assert result.status == "created"
        time.sleep(0.01)
    return delays


def _bare_delete(profile: Profile) -> float:
    old = Interaction.objects.filter(profile=profile, posted_at__lt=timezone.now() - timedelta(days=30))
    started = time.perf_counter()
    old._raw_delete(old.db)
    return time.perf_counter() - started
