"""A six-hour run for 1,000 demo users, planned and delivered by two worker processes that share the work."""

import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import psutil
from django.db import connection

from accounts.models import User
from benchmarks.figures import Figure, at_least, at_most, show
from benchmarks.workers import processes, wait_for_the_others
from demo import delivery, planning, seeding
from demo.models import DemoAccount, State
from demo.windows import INTERACTIONS_STEP

WORKERS = 2
MORNING = datetime(2026, 3, 1, 7, 30, tzinfo=UTC)  # enabled then, the first window is that of 18:00
EVENING = timedelta(
    hours=16, minutes=29, seconds=59
)  # later, all of that window is due and the next is not open
# Each group lives two windows, of which the shorter run counts.
GROUPS = {"warm-up": 10, "hundred": 100, "thousand": 1_000}


@dataclass(frozen=True)
class Lived:
    """One run: users, interactions, seconds from the start to the last delivery, most memory of a worker in bytes."""

    users: int
    interactions: int
    seconds: float
    memory: int

    @property
    def per_user(self) -> float:
        return self.seconds / self.users


def run() -> None:
    runs = {}
    for day, (group, users) in enumerate(GROUPS.items()):
        _prepare(group, users, MORNING + timedelta(days=day))
    with processes(WORKERS) as workers:
        for day, (group, users) in enumerate(GROUPS.items()):
            first = MORNING + timedelta(days=day) + EVENING
            windows = [_live(workers, users, now) for now in (first, first + INTERACTIONS_STEP)]
            runs[group] = min(windows, key=lambda lived: lived.seconds)
            DemoAccount.objects.filter(user__username__startswith=group).update(
                state=State.PAUSED, paused_at=MORNING
            )
    show("Six hours of 1,000 users by two workers", _figures(runs["hundred"], runs["thousand"]))


def _figures(hundred: Lived, thousand: Lived) -> list[Figure]:
    return [
        Figure("seconds for 100 users", f"{hundred.seconds:.2f}"),
        Figure("seconds for 1,000 users", f"{thousand.seconds:.2f}"),
        at_least(
            "interactions a second, planned and delivered", thousand.interactions / thousand.seconds, 3_000
        ),
        at_most(
            "cost per user at 1,000 as a multiple of that at 100", thousand.per_user / hundred.per_user, 1.2
        ),
        Figure("memory of a worker after 1,000 users", f"{thousand.memory / 2**20:.0f} MB"),
        at_most(
            "memory after 1,000 users as a multiple of that after 100", thousand.memory / hundred.memory, 1.2
        ),
    ]


def _prepare(group: str, users: int, now: datetime) -> None:
    """Full demos of `users` users, enabled at `now`, made by as many processes as there are workers."""
    names = [f"{group}-{number}" for number in range(users)]
    with processes(WORKERS) as workers:
        for done in workers.map(_seed, [names[n::WORKERS] for n in range(WORKERS)], [now] * WORKERS):
            assert done
    with connection.cursor() as cursor:
        # What autovacuum and the checkpointer do in the hours that lie between.
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("CHECKPOINT")


def _live(workers: ProcessPoolExecutor, users: int, now: datetime) -> Lived:
    started = time.perf_counter()
    results = list(workers.map(_plan_and_deliver, [now] * WORKERS))
    seconds = time.perf_counter() - started
    planned, delivered, memory = zip(*results, strict=True)
    assert sum(planned) == sum(delivered) == 15 * users, (planned, delivered)
    return Lived(users, sum(delivered), seconds, max(memory))


def _seed(names: list[str], now: datetime) -> bool:
    for number, name in enumerate(names):
        seeding.seed(User.objects.create(username=name), now, seed=number, **seeding.SIZES["full"])
    return True


def _plan_and_deliver(now: datetime) -> tuple[int, int, int]:
    """What the tasks do; returns interactions planned and delivered here, and this process's memory in bytes."""
    wait_for_the_others()
    planned = planning.plan_due(now)
    delivered = delivery.deliver_due(now)
    return planned.comments + planned.messages, delivered, psutil.Process().memory_info().rss
