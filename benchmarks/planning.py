"""Processor time to plan one six-hour window, per user. Peer: as many sentences by Faker. Limit: one core, in Python.

The minimum of three windows in succession. Each user's story is an initial batch that is not delivered, as planning reads
the story alone. Only the planning process is measured, not PostgreSQL.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from faker import Faker

from accounts.models import User
from benchmarks.measurements import Measurement, Table, at_most
from demo.engine import planning
from demo.lifecycle import activation
from demo.models import DemoAccount, State
from demo.windows import INTERACTION_WINDOWS

TEXTS = 15  # in a window
MORNING = datetime(2026, 3, 1, 7, 30, tzinfo=UTC)
FIRST_WINDOW = timedelta(hours=10, minutes=30)  # after the morning: that of 18:00
LIMIT_MS = 3.0
WINDOWS = 3
MONTH_OF_CONTENT = 95  # what a demo holds after a month; the initial batch has 35


@dataclass(frozen=True)
class Size:
    users: int
    users_after_a_month: int


FULL = Size(users=1_000, users_after_a_month=100)
SMALL = Size(users=5, users_after_a_month=2)


def run(size: Size) -> Iterator[Table]:
    new = _milliseconds_per_user(size.users, "new")
    old = _milliseconds_per_user(size.users_after_a_month, "old", initial_content=MONTH_OF_CONTENT)
    after_a_month = f"per user at {size.users_after_a_month:,} users with {MONTH_OF_CONTENT} posts (a month)"
    yield Table(
        "Planning one six-hour window",
        [
            at_most(f"per user at {size.users:,} users with 35 posts", new, LIMIT_MS, " ms"),
            at_most(after_a_month, old, LIMIT_MS, " ms"),
            Measurement(f"Faker, {TEXTS} sentences", f"{_faker_milliseconds():.2f} ms"),
        ],
    )


def _milliseconds_per_user(users: int, name: str, **sizes: int) -> float:
    """Processor time of this process per user to plan a window of `users` users."""
    for number in range(users):
        account = activation.get_or_create_account(User.objects.create(username=f"{name}-{number}"))
        activation.start_activation(account, MORNING, sizes)
        planning.plan_initial(account.pk, MORNING)
    DemoAccount.objects.filter(state=State.ENABLING).update(state=State.ACTIVE)
    first = MORNING + FIRST_WINDOW
    spent = [_plan(first + number * INTERACTION_WINDOWS.length, users) for number in range(WINDOWS)]
    DemoAccount.objects.all().delete()
    return min(spent) * 1_000 / users


def _plan(due: datetime, users: int) -> float:
    """Seconds of processor time of this process to plan a window of each user."""
    started = time.process_time()
    planned = planning.plan_due(due)
    spent = time.process_time() - started
    assert planned.windows == users, planned
    assert planning.plan_due(due).windows == 0
    return spent


def _faker_milliseconds() -> float:
    """Processor time of Faker's sentences for the texts of one window."""
    faker, started = Faker(), time.process_time()
    for _ in range(TEXTS * 100):
        faker.sentence()
    return (time.process_time() - started) * 10
