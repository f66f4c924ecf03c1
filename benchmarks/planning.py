"""The processor time of planning one six-hour window, per user at 1,000 users, beside Faker sentences for as many texts.

The least of three windows in turn. Each user's story is a full initial batch, undelivered: planning looks at the story
alone. The planner's own process is measured, not the database's.
"""

import os
import time
from datetime import UTC, datetime, timedelta

from faker import Faker

from accounts.models import User
from benchmarks.figures import Figure, at_most, show
from demo.engine import planning
from demo.lifecycle import activation
from demo.models import DemoAccount, State
from demo.windows import INTERACTIONS

USERS = int(os.environ.get("USERS", "1000"))
TEXTS = 15  # in a window
MORNING = datetime(2026, 3, 1, 7, 30, tzinfo=UTC)
LIMIT_MS = 3.0
WINDOWS = 3


def run() -> None:
    fresh = _cost(USERS, "planned")
    grown = _cost(USERS // 10, "grown", initial_content=95)
    show(
        "Planning one six-hour window",
        [
            at_most(f"per user at {USERS:,} users, 35 pieces to look back on", fresh, LIMIT_MS, " ms"),
            at_most(
                f"per user at {USERS // 10:,} users, 95 pieces (a month of life)", grown, LIMIT_MS, " ms"
            ),
            Figure(f"Faker, {TEXTS} sentences", f"{_faker():.2f} ms"),
        ],
    )


def _cost(users: int, name: str, **sizes: int) -> float:
    """Milliseconds of this process's time per user to plan a window of so many: the least of three."""
    for number in range(users):
        account = activation.account_of(User.objects.create(username=f"{name}-{number}"))
        activation.begin(account, MORNING, sizes)
        planning.plan_initial(account.pk, MORNING)
    DemoAccount.objects.filter(state=State.ENABLING).update(state=State.ACTIVE)
    due = MORNING + timedelta(hours=10, minutes=30)  # the first window is that of 18:00
    spent = [_plan(due + number * INTERACTIONS.length, users) for number in range(WINDOWS)]
    DemoAccount.objects.all().delete()
    return min(spent) * 1_000 / users


def _plan(due: datetime, users: int) -> float:
    """Seconds of this process's time to plan a window of each user."""
    started = time.process_time()
    planned = planning.plan_due(due)
    spent = time.process_time() - started
    assert planned.windows == users, planned
    assert planning.plan_due(due).windows == 0
    return spent


def _faker() -> float:
    faker, started = Faker(), time.process_time()
    for _ in range(TEXTS * 100):
        faker.sentence()
    return (time.process_time() - started) * 10
