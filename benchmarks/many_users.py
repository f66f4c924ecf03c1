"""Rate of a six-hour window of 10,000 users, two workers. Peer: the same of 100 users. Limit: two cores, with PostgreSQL.

Users are added from 100 to 1,000 and to 10,000, so that some have been active for days. Each number is measured in two
windows, of which the faster one counts. The cost per user and a worker's memory should not grow with the number.
"""

import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

import psutil
from django.db import connection

from benchmarks import population
from benchmarks.measurements import Measurement, Table, at_least, at_most
from benchmarks.workers import processes, wait_for_the_others
from config.celery import collect_garbage_rarely
from demo.engine import delivery, planning
from demo.models import DemoAccount, StoryEvent
from demo.windows import INTERACTION_WINDOWS

WORKERS = 2
PER_WINDOW = 15  # interactions of a user
BEFORE_WINDOW = timedelta(hours=10, minutes=29, seconds=59)  # from the morning to 17:59:59
SAMPLE = 20  # accounts whose events are counted one by one


@dataclass(frozen=True)
class Size:
    users: tuple[int, ...]  # in ascending order
    demo: str  # a key of seeding.SIZES
    templates: int


FULL = Size(users=(100, 1_000, 10_000), demo="full", templates=20)
SMALL = Size(users=(2, 4, 6), demo="smoke", templates=2)


class WorkerResult(NamedTuple):
    """What one worker did: interactions planned, events delivered, the seconds of both and of its processor, its memory."""

    planned: int
    delivered: int
    planning: float
    delivery: float
    processor: float
    memory: int  # bytes


@dataclass(frozen=True)
class Window:
    """One window of `users` users: seconds from the start to the last delivery, and the processor time of PostgreSQL."""

    users: int
    seconds: float
    database: float  # seconds, of all its processes
    results: list[WorkerResult]

    @property
    def per_user(self) -> float:
        return self.seconds / self.users

    @property
    def memory(self) -> int:
        return max(result.memory for result in self.results)

    def total(self, name: str) -> float:
        return sum(getattr(result, name) for result in self.results)


def run(size: Size) -> Iterator[Table]:
    templates = population.make_templates(size.demo, size.templates)
    measured = []
    with processes(WORKERS) as workers:
        list(workers.map(_become_a_worker, range(WORKERS)))
        for day, users in enumerate(size.users):
            before = population.MORNING + timedelta(days=day) + BEFORE_WINDOW
            population.resize(templates, users, day)
            _run_workers(workers, users, before)  # what has come due since the last window
            windows = [_window(workers, users, before + n * INTERACTION_WINDOWS.length) for n in (1, 2)]
            measured.append(min(windows, key=lambda window: window.seconds))
    title = f"Six hours of {size.users[-1]:,} users with {size.demo} demos, by {WORKERS} workers"
    details = [measurement for window in measured for measurement in _details(window)]
    yield Table(title, [*_targets(measured[0], measured[-1]), *details])


def _targets(first: Window, last: Window) -> list[Measurement]:
    compared = f"at {last.users:,} as a multiple of that at {first.users:,}"
    rate = PER_WINDOW * last.users / last.seconds
    return [
        at_least(f"interactions a second at {last.users:,} users", rate, 4_000),
        at_most(f"cost per user {compared}", last.per_user / first.per_user, 1.2),
        at_most(f"memory of a worker {compared}", last.memory / first.memory, 1.2),
    ]


def _details(window: Window) -> list[Measurement]:
    """What the time is spent on."""
    parts = [f"{window.total(name) / WORKERS:.2f}" for name in ("planning", "delivery")]
    processor = f"{window.total('processor'):.1f}, {window.database:.1f}"
    delivered = f"{window.total('delivered'):,}"
    return [
        Measurement(f"{window.users:,} users: seconds", f"{window.seconds:.2f}"),
        Measurement("… in planning and in delivery", ", ".join(parts)),
        Measurement("… of processor time in workers and in PostgreSQL", processor),
        Measurement("… events delivered, with brand replies and reports of metrics", delivered),
        Measurement("… memory of a worker", f"{window.memory / 2**20:.0f} MB"),
    ]


def _window(workers: ProcessPoolExecutor, users: int, now: datetime) -> Window:
    """Plan and deliver one window at its last second, `now`, when all of it is due and no other is open."""
    window = _run_workers(workers, users, now)
    assert window.total("planned") == PER_WINDOW * users, window
    assert not StoryEvent.objects.due(now).exists()
    accounts = list(DemoAccount.objects.order_by("-pk").values_list("pk", flat=True)[:SAMPLE])
    arrived = StoryEvent.objects.filter(
        account__in=accounts, origin=StoryEvent.Origin.WINDOW, delivered_at=now
    )
    assert arrived.exclude(type=StoryEvent.Type.CONTENT).count() == PER_WINDOW * len(accounts)
    return window


def _run_workers(workers: ProcessPoolExecutor, users: int, now: datetime) -> Window:
    """Have all workers plan and deliver the events due at `now`."""
    computed, started = _database_seconds(), time.perf_counter()
    results = list(workers.map(_plan_and_deliver, [now] * WORKERS))
    seconds = time.perf_counter() - started
    return Window(users, seconds, _database_seconds() - computed, results)


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


def _plan_and_deliver(now: datetime) -> WorkerResult:
    """What the tasks `plan` and `deliver` do, in one worker."""
    wait_for_the_others()
    started, computed = time.perf_counter(), time.process_time()
    planned = planning.plan_due(now)
    between = time.perf_counter()
    delivered = delivery.deliver_due(now)
    return WorkerResult(
        planned.comments + planned.messages,
        delivered,
        between - started,
        time.perf_counter() - between,
        time.process_time() - computed,
        psutil.Process().memory_info().rss,
    )
