"""Time of one user's reset and enabling while two others advance 30 days. Peer: the same alone. Limit: three users share the worker.

Worker and beat run as in the Procfile, one worker with two processes, and delivery is in process. The others have the
largest settings that the API accepts. What the resets cost them, and the worker's memory, are measured too.
"""

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from threading import Event, Thread

import psutil
from django.conf import settings
from django.db import connection
from django.utils import timezone

from accounts.models import User
from benchmarks.measurements import Measurement, Table, at_most
from benchmarks.services import PROCFILE, until
from demo.lifecycle import seeding, transitions
from demo.models import DemoAccount, State, StoryEvent

MAX_SETTINGS = {"content_per_day": 20, "comments_per_window": 200, "messages_per_window": 100}
TIMEOUT = 300  # seconds
HEAD_START = 2  # seconds that the heavy users are given


@dataclass(frozen=True)
class Size:
    days: int  # that the heavy users advance, twice
    demo: str  # a key of seeding.SIZES
    runs_alone: int


FULL = Size(days=30, demo="full", runs_alone=3)
SMALL = Size(days=1, demo="smoke", runs_alone=1)


def run(size: Size) -> Iterator[Table]:
    heavy = [_user(f"heavy-{number}", size.demo) for number in range(2)]
    light = _user("light", size.demo)
    DemoAccount.objects.filter(user__in=heavy).update(**MAX_SETTINGS)
    with services() as worker:
        alone = {
            "reset": median(_reset(light) for _ in range(size.runs_alone)),
            "enable": median(_enable(light) for _ in range(size.runs_alone)),
        }
        measurements = [Measurement(f"{name} alone", f"{seconds:.2f} s") for name, seconds in alone.items()]
        for ordinal in ("first", "second"):  # the second time their story is at its maximum
            measurements += _while_others_advance(ordinal, size.days, heavy, light, alone, worker)
    yield Table(f"One user while two others advance {size.days} days at 20/200/100", measurements)


def _user(name: str, demo: str) -> User:
    user = User.objects.create_user(name)
    seeding.seed(user, timezone.now(), **seeding.SIZES[demo])
    return user


def _reset(user: User) -> float:
    started = time.perf_counter()
    transitions.reset(user)
    _until_active(user)
    return time.perf_counter() - started


def _enable(user: User) -> float:
    """Disable the demo and wait until it is off; the seconds that enabling takes then."""
    transitions.disable(user)
    until(lambda: _state(user) == State.OFF, "it is off", TIMEOUT)
    started = time.perf_counter()
    transitions.enable(user, timezone.now())
    _until_active(user)
    return time.perf_counter() - started


def _until_active(user: User) -> None:
    until(lambda: _state(user) == State.ACTIVE, "it is active", TIMEOUT)


def _state(user: User) -> str:
    return DemoAccount.objects.values_list("state", flat=True).get(user=user)


def _while_others_advance(
    ordinal: str, days: int, heavy: list[User], light: User, alone: dict[str, float], worker: psutil.Process
) -> Iterator[Measurement]:
    """Reset and enable in alternation until the heavy users have advanced."""
    started = time.perf_counter()
    for user in heavy:
        transitions.advance(user, days, timezone.now())
    time.sleep(HEAD_START)
    seconds: dict[str, list[float]] = {"reset": [], "enable": []}
    with peak(worker) as memory:
        while not (seconds["reset"] and all(map(_is_done, heavy))):
            seconds["reset"].append(_reset(light))
            seconds["enable"].append(_enable(light))
    spent = time.perf_counter() - started
    for name, durations in seconds.items():
        values = f"{median(durations):.2f} s, {max(durations):.2f} s of {len(durations)}"
        yield Measurement(f"{name} while they advance the {ordinal} time, median and maximum", values)
        yield at_most("… the median as a multiple of that alone", median(durations) / alone[name], 3)
    yield Measurement("… until both have advanced, with these resets between", f"{spent:.0f} s")
    yield Measurement("… maximum memory of a worker's process", f"{max(memory) / 2**20:.0f} MB")
    rows = StoryEvent.objects.filter(account__user=heavy[0]).count()
    yield Measurement("… rows of one's story then", f"{rows:,}")


def _is_done(user: User) -> bool:
    """Whether everything that the days have brought is planned and delivered."""
    account, now = DemoAccount.objects.get(user=user), timezone.now()
    if account.advance_days or account.catching_up:
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
    """Run worker and beat; yield the worker's main process."""
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
    """Collect the resident memory in bytes of the largest of the worker's processes, five times a second."""
    over, sizes = Event(), [0]

    def watch() -> None:
        while not over.wait(0.2):
            sizes.append(max(child.memory_info().rss for child in worker.children()))

    watching = Thread(target=watch, daemon=True)
    watching.start()
    try:
        yield sizes
    finally:
        over.set()
        watching.join()
