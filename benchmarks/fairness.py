"""How long one user's reset and enabling take while two others advance 30 days at the largest settings: one worker, two processes.

Worker and beat run as the Procfile says, direct delivery. Alone first, then beside the two; and what it costs them.
"""

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median
from threading import Event, Thread

import psutil
from django.conf import settings
from django.db import connection
from django.utils import timezone

from accounts.models import User
from benchmarks.figures import Figure, at_most, show
from demo.lifecycle import seeding, transitions
from demo.models import DemoAccount, State, StoryEvent
from tests.house import PROCFILE, until

LARGEST = {"content_per_day": 20, "comments_per_window": 200, "messages_per_window": 100}
DAYS = 30
ALONE = 3
GONE_AFTER = 300  # seconds


def run() -> None:
    heavy = [_user(f"heavy-{number}") for number in range(2)]
    light = _user("light")
    DemoAccount.objects.filter(user__in=heavy).update(**LARGEST)
    with services() as worker:
        alone = {"reset": _repeated(lambda: _reset(light)), "enable": _repeated(lambda: _enable(light))}
        figures = [Figure(f"{what} alone", f"{seconds:.2f} s") for what, seconds in alone.items()]
        for turn in ("first", "second"):
            figures += _beside(turn, heavy, light, alone, worker)
    show(f"One user beside two who advance {DAYS} days at 20/200/100", figures)


def _user(name: str) -> User:
    user = User.objects.create_user(name)
    seeding.seed(user, timezone.now())
    return user


def _repeated(act: Callable[[], float]) -> float:
    return median(act() for _ in range(ALONE))


def _reset(user: User) -> float:
    started = time.perf_counter()
    transitions.reset(user)
    _until_active(user)
    return time.perf_counter() - started


def _enable(user: User) -> float:
    """Switch off and wait; the seconds that switching on takes."""
    transitions.disable(user)
    until(lambda: _state(user) == State.OFF, "it is off", GONE_AFTER)
    started = time.perf_counter()
    transitions.enable(user, timezone.now())
    _until_active(user)
    return time.perf_counter() - started


def _until_active(user: User) -> None:
    until(lambda: _state(user) == State.ACTIVE, "it is active", GONE_AFTER)


def _state(user: User) -> str:
    return DemoAccount.objects.values_list("state", flat=True).get(user=user)


def _beside(
    turn: str, heavy: list[User], light: User, alone: dict[str, float], worker: psutil.Process
) -> Iterator[Figure]:
    """The same while the heavy ones advance; the second time their past is as large as it gets."""
    started = time.perf_counter()
    for user in heavy:
        transitions.advance(user, DAYS, timezone.now())
    time.sleep(2)
    seconds: dict[str, list[float]] = {"reset": [], "enable": []}
    with peak(worker) as memory:
        while not all(map(_has_arrived, heavy)):
            for what, act in (("reset", _reset), ("enable", _enable)):
                seconds[what].append(act(light))
        until(lambda: all(map(_has_arrived, heavy)), "they have arrived", GONE_AFTER)
    spent = time.perf_counter() - started
    for what, taken in seconds.items():
        beside = f"{median(taken):.2f} s, {max(taken):.2f} s of {len(taken)}"
        yield Figure(f"{what} while they advance the {turn} time, median and longest", beside)
        yield at_most("… the median as a multiple of that alone", median(taken) / alone[what], 3)
    yield Figure("… until both have arrived, with these resets between", f"{spent:.0f} s")
    yield Figure("… memory of a worker's process, at most", f"{max(memory) / 2**20:.0f} MB")
    rows = StoryEvent.objects.filter(account__user=heavy[0]).count()
    yield Figure("… rows of one's story then", f"{rows:,}")


def _has_arrived(user: User) -> bool:
    """Whether everything that the days have brought is planned and delivered."""
    account, now = DemoAccount.objects.get(user=user), timezone.now()
    if account.advance_days or getattr(account, "catching_up", False):
        return False
    if min(account.next_content_window, account.next_interactions_window) <= now:
        return False
    return (
        not StoryEvent.objects.undelivered_by_account_index()
        .filter(account=account, due_at__lte=now)
        .exists()
    )


@contextmanager
def services() -> Iterator[psutil.Process]:
    """Worker and beat as processes of their own; the worker's main process."""
    environment = os.environ | {"DEBUG": "0", "HTTPS": "0"}
    connection.close()
    running = []
    with (settings.DATA_DIR / "services.log").open("ab") as log:
        for name in ("worker", "beat"):
            command = [sys.executable, "-m", *shlex.split(PROCFILE[name])]
            running.append(subprocess.Popen(command, env=environment, stdout=log, stderr=log))
    try:
        yield psutil.Process(running[0].pid)
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.wait(60)


@contextmanager
def peak(worker: psutil.Process) -> Iterator[list[int]]:
    """The resident memory of the largest of the worker's processes, again and again."""
    over, sizes = Event(), [0]

    def watch() -> None:
        while not over.wait(0.2):
            sizes.append(max(child.memory_info().rss for child in worker.children()))

    watching = Thread(target=watch, daemon=True)
    watching.start()
    yield sizes
    over.set()
    watching.join()
