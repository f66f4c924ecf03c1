"""Six hours of 100, 1,000 and 10,000 demo users, planned and delivered by two worker processes that share the work.

Users stay, so that some of the 10,000 have lived for days. Each number lives two windows, of which the shorter run counts.
"""

import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

import psutil
from django.db import connection

from benchmarks import living
from benchmarks.figures import Figure, at_least, at_most, show
from benchmarks.workers import processes, wait_for_the_others
from config.celery import collect_garbage_rarely
from demo import windows
from demo.engine import delivery, planning
from demo.models import DemoAccount, StoryEvent

WORKERS = 2
INTERACTIONS = 15  # of a user in a window
AFTERNOON = timedelta(
    hours=10, minutes=29, seconds=59
)  # after the morning, the last second before the window of 18:00
SAMPLE = 20  # accounts that are looked at one by one


class Share(NamedTuple):
    """What one worker did: interactions planned, events delivered, seconds of each, its processor time, its memory."""

    planned: int
    delivered: int
    planning: float
    delivery: float
    processor: float
    memory: int  # bytes


@dataclass(frozen=True)
class Lived:
    """One window of so many users: seconds from the start to the last delivery, and processor time of PostgreSQL."""

    users: int
    seconds: float
    database: float  # seconds, of all its processes
    shares: list[Share]

    @property
    def per_user(self) -> float:
        return self.seconds / self.users

    @property
    def memory(self) -> int:
        return max(share.memory for share in self.shares)

    def total(self, name: str) -> float:
        return sum(getattr(share, name) for share in self.shares)


def run() -> None:
    runs = []
    living.clear()
    with processes(WORKERS) as workers:
        list(workers.map(_become_a_worker, range(WORKERS)))
        for day, users in enumerate(living.SIZES):
            before = living.MORNING + timedelta(days=day) + AFTERNOON
            living.exactly(users, day)
            _live(workers, users, before)  # what those who lived already missed meanwhile
            windows = [_window(workers, users, before + n * windows.INTERACTIONS.length) for n in (1, 2)]
            runs.append(min(windows, key=lambda lived: lived.seconds))
    title = f"Six hours of {living.USERS:,} users with {living.SIZE} demos, by {WORKERS} workers"
    show(title, [*_figures(runs[0], runs[-1]), *(line for lived in runs for line in _lines(lived))])


def _figures(first: Lived, last: Lived) -> list[Figure]:
    compared = f"at {last.users:,} as a multiple of that at {first.users:,}"
    rate = INTERACTIONS * last.users / last.seconds
    return [
        at_least(f"interactions a second at {last.users:,} users", rate, 4_000),
        at_most(f"cost per user {compared}", last.per_user / first.per_user, 1.2),
        at_most(f"memory of a worker {compared}", last.memory / first.memory, 1.2),
    ]


def _lines(lived: Lived) -> list[Figure]:
    """Where the time goes."""
    planning, delivery = (lived.total(name) / WORKERS for name in ("planning", "delivery"))
    return [
        Figure(f"{lived.users:,} users: seconds", f"{lived.seconds:.2f}"),
        Figure("… in planning and in delivery", f"{planning:.2f}, {delivery:.2f}"),
        Figure(
            "… of processor time in workers and in PostgreSQL",
            f"{lived.total('processor'):.1f}, {lived.database:.1f}",
        ),
        Figure(
            "… events delivered, answers and reports of figures included", f"{lived.total('delivered'):,}"
        ),
        Figure("… memory of a worker", f"{lived.memory / 2**20:.0f} MB"),
    ]


def _window(workers: ProcessPoolExecutor, users: int, now: datetime) -> Lived:
    """Live a window that is all due at its last second, `now`, when no other is open."""
    lived = _live(workers, users, now)
    assert lived.total("planned") == INTERACTIONS * users, lived
    assert not StoryEvent.objects.due(now).exists()
    accounts = DemoAccount.objects.order_by("-pk").values("pk")[:SAMPLE]
    arrived = StoryEvent.objects.filter(
        account__in=accounts, origin=StoryEvent.Origin.WINDOW, delivered_at=now
    )
    assert arrived.exclude(type=StoryEvent.Type.CONTENT).count() == INTERACTIONS * SAMPLE
    return lived


def _live(workers: ProcessPoolExecutor, users: int, now: datetime) -> Lived:
    computed, started = _database_seconds(), time.perf_counter()
    shares = list(workers.map(_plan_and_deliver, [now] * WORKERS))
    seconds = time.perf_counter() - started
    return Lived(users, seconds, _database_seconds() - computed, shares)


def _database_seconds() -> float:
    """Processor time of PostgreSQL's processes that run now."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pid FROM pg_stat_activity")
        running = {pid for (pid,) in cursor}
    processes = psutil.process_iter(["pid", "cpu_times"])
    times = [process.info["cpu_times"] for process in processes if process.info["pid"] in running]
    return sum(spent.user + spent.system for spent in times)


def _become_a_worker(_: int) -> None:
    wait_for_the_others()
    collect_garbage_rarely()


def _plan_and_deliver(now: datetime) -> Share:
    """What the tasks do."""
    wait_for_the_others()
    started, computed = time.perf_counter(), time.process_time()
    planned = planning.plan_due(now)
    between = time.perf_counter()
    delivered = delivery.deliver_due(now)
    return Share(
        planned.comments + planned.messages,
        delivered,
        between - started,
        time.perf_counter() - between,
        time.process_time() - computed,
        psutil.Process().memory_info().rss,
    )
