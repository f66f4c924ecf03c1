"""A tick, planning with nothing open and delivery, costs what is due: among 10,000 living users as much as among 100.

Everybody has a planned window ahead, of which twelve users' next five events fall due before each tick. At last further
users are paused who hold a window that is overdue.
"""

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import cycle, islice
from random import Random
from statistics import median

from django.db.models import Min

from accounts.models import User
from benchmarks import living
from benchmarks.figures import Figure, at_most, show
from demo.engine import delivery, planning
from demo.lifecycle import transitions
from demo.models import DemoAccount, State, StoryEvent

TICKS = 20
DUE_USERS, DUE_EACH = 12, 5
PAUSED = living.USERS // 5
EARLIER = timedelta(days=-1)
LIVING = DemoAccount.objects.filter(state=State.ACTIVE)


def run() -> None:
    due, idle = {}, {}
    for users in reversed(living.SIZES):  # `many_users` leaves the most
        living.exactly(users)
        now = _begin_window()
        due[users], idle[users] = _ticks(now), _idle_ticks(now)
    held = _hold_overdue()
    now = _begin_window()
    due["held"], idle["held"] = _ticks(now), _idle_ticks(now)
    living.clear()
    show(f"A tick with {DUE_USERS * DUE_EACH} due events", list(_figures(due, held)))
    show("A tick with nothing due", list(_figures(idle, held)))


def _figures(seconds: dict[int | str, float], held: int) -> Iterator[Figure]:
    fewest, most = living.SIZES[0], living.SIZES[-1]
    for users in living.SIZES:
        yield Figure(f"among {users:,} users, median", f"{seconds[users] * 1_000:.1f} ms")
    yield at_most(
        f"that at {most:,} as a multiple of that at {fewest:,}", seconds[most] / seconds[fewest], 1.5
    )
    paused = f"{PAUSED:,} paused who hold {held:,} overdue events"
    yield Figure(f"among {fewest:,} users and {paused}", f"{seconds['held'] * 1_000:.1f} ms")
    yield at_most("… as a multiple of that without them", seconds["held"] / seconds[fewest], 1.5)


def _begin_window() -> datetime:
    """Plan the next window of everybody; return its start, when all of it is still to come."""
    now = LIVING.aggregate(start=Min("next_interactions_window"))["start"]
    planning.plan_due(now)
    delivery.deliver_due(now)
    living.settle()
    return now


def _ticks(now: datetime) -> float:
    """The median of the seconds of a tick with fresh due events each."""
    accounts = list(LIVING.order_by("pk").values_list("pk", flat=True))
    Random(1).shuffle(accounts)
    turns = cycle(accounts)
    seconds = []
    for _ in range(TICKS):
        for account in islice(turns, DUE_USERS):
            _bring_forward(account, now)
        seconds.append(_tick(now, DUE_USERS * DUE_EACH))
    return median(seconds)


def _idle_ticks(now: datetime) -> float:
    return median(_tick(now, 0) for _ in range(TICKS))


def _bring_forward(account: int, now: datetime) -> None:
    """The next events of the account fall due."""
    ahead = StoryEvent.objects.undelivered().filter(account=account).order_by("due_at", "id")
    StoryEvent.objects.filter(pk__in=ahead.values("pk")[:DUE_EACH]).update(due_at=now)


def _tick(now: datetime, due: int) -> float:
    started = time.perf_counter()
    planned, delivered = planning.plan_due(now), delivery.deliver_due(now)
    seconds = time.perf_counter() - started
    assert planned.windows == 0, planned
    assert delivered == due, delivered
    return seconds


def _hold_overdue() -> int:
    """Pause further users at the start of a window that has long been over; return how many events they hold."""
    there = DemoAccount.objects.count()
    added = living.add(range(there, there + PAUSED), EARLIER)
    start = DemoAccount.objects.get(pk=added[0]).next_interactions_window
    planning.plan_due(start)
    for user in User.objects.filter(demo_account__in=added):
        transitions.pause(user, start)
    living.settle()
    return StoryEvent.objects.undelivered().filter(account__in=added).count()
