"""Time of a periodic run among 10,000 users. Peer: the same among 100. Limit: only what is due is read.

A periodic run plans, with no window open, and delivers. Everybody has a planned window ahead; before each run the next five
events of twelve users are made due. Last, further users are paused whose events of a past window are held.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import cycle, islice
from random import Random
from statistics import median

from django.db.models import Min

from accounts.models import User
from benchmarks import population
from benchmarks.measurements import Measurement, Table, at_most
from demo.engine import delivery, planning
from demo.lifecycle import transitions
from demo.models import DemoAccount, State, StoryEvent

DUE_USERS, DUE_EACH = 12, 5
DUE = DUE_USERS * DUE_EACH
EARLIER = timedelta(days=-1)
ACTIVE = DemoAccount.objects.filter(state=State.ACTIVE)


@dataclass(frozen=True)
class Size:
    users: tuple[int, ...]  # in descending order
    paused: int
    runs: int
    demo: str  # a key of seeding.SIZES
    templates: int


FULL = Size(users=(10_000, 1_000, 100), paused=2_000, runs=20, demo="full", templates=20)
SMALL = Size(users=(14, 12), paused=2, runs=2, demo="smoke", templates=2)


def run(size: Size) -> Iterator[Table]:
    templates = population.make_templates(size.demo, size.templates)
    due, idle = {}, {}
    for users in size.users:
        population.resize(templates, users)
        now = _plan_next_window()
        due[users], idle[users] = _median_of_busy_runs(now, size.runs), _median_of_idle_runs(now, size.runs)
    held = _pause_with_overdue(templates, size.paused)
    now = _plan_next_window()
    due["held"], idle["held"] = _median_of_busy_runs(now, size.runs), _median_of_idle_runs(now, size.runs)
    yield Table(f"A periodic run with {DUE} due events", list(_measurements(due, size, held)))
    yield Table("A periodic run with nothing due", list(_measurements(idle, size, held)))


def _measurements(seconds: dict[int | str, float], size: Size, held: int) -> Iterator[Measurement]:
    largest, smallest = size.users[0], size.users[-1]
    for users in reversed(size.users):
        yield Measurement(f"among {users:,} users, median", f"{seconds[users] * 1_000:.1f} ms")
    multiple = seconds[largest] / seconds[smallest]
    yield at_most(f"that at {largest:,} as a multiple of that at {smallest:,}", multiple, 1.5)
    paused = f"{size.paused:,} paused that hold {held:,} overdue events"
    yield Measurement(f"among {smallest:,} users and {paused}", f"{seconds['held'] * 1_000:.1f} ms")
    yield at_most("… as a multiple of that without them", seconds["held"] / seconds[smallest], 1.5)


def _plan_next_window() -> datetime:
    """Plan the next window of everybody; return its start, at which none of it is due."""
    now = ACTIVE.aggregate(start=Min("next_interactions_window"))["start"]
    planning.plan_due(now)
    delivery.deliver_due(now)
    population.settle()
    return now


def _median_of_busy_runs(now: datetime, runs: int) -> float:
    """The median seconds of a run with DUE events that have become due before it."""
    accounts = list(ACTIVE.order_by("pk").values_list("pk", flat=True))
    Random(1).shuffle(accounts)
    rotation = cycle(accounts)
    seconds = []
    for _ in range(runs):
        for account in islice(rotation, DUE_USERS):
            _bring_forward(account, now)
        seconds.append(_time_run(now, DUE))
    return median(seconds)


def _median_of_idle_runs(now: datetime, runs: int) -> float:
    return median(_time_run(now, 0) for _ in range(runs))


def _bring_forward(account: int, now: datetime) -> None:
    """Make the next events of the account due."""
    ahead = StoryEvent.objects.undelivered().filter(account=account).order_by("due_at", "id")
    StoryEvent.objects.filter(pk__in=ahead.values("pk")[:DUE_EACH]).update(due_at=now)


def _time_run(now: datetime, due: int) -> float:
    """The seconds of one run, which must deliver exactly `due` events."""
    started = time.perf_counter()
    planned, delivered = planning.plan_due(now), delivery.deliver_due(now)
    seconds = time.perf_counter() - started
    assert planned.windows == 0, planned
    assert delivered == due, delivered
    return seconds


def _pause_with_overdue(templates: population.Templates, number: int) -> int:
    """Pause `number` further users at the start of a past window; return how many events they hold."""
    existing = DemoAccount.objects.count()
    added = population.add(templates, range(existing, existing + number), EARLIER)
    start = DemoAccount.objects.get(pk=added[0]).next_interactions_window
    planning.plan_due(start)
    for user in User.objects.filter(demo_account__in=added):
        transitions.pause(user, start)
    population.settle()
    return StoryEvent.objects.undelivered().filter(account__in=added).count()
