"""Reads whose cost a user controls: lists, searches and summaries of as many rows, and as long ones, as were sent.

A read that is done within QUICK_MILLISECONDS is just done. One that takes longer is begun anew with more time, when it has a place:
one for each user, by a lock in the database, and MAX_LONG in one web process, so that threads are left for everybody
else. A user has SECONDS_A_MINUTE of them in a process; and whose read is long, or was a second ago, has only one quick
one at a time beside it.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import BoundedSemaphore, Lock
from typing import TypeVar

from django.conf import settings
from django.db import OperationalError, connection, transaction
from rest_framework.exceptions import Throttled

from accounts.models import User
from interactions.db_errors import is_cancelled
from interactions.problems import Busy, TookTooLong
from interactions.statement_timeouts import statements_within

QUICK_MILLISECONDS, MAX_MILLISECONDS = 200, 4_000  # milliseconds
MAX_LONG = settings.WEB_THREADS // 2
SECONDS_A_MINUTE = 20
NAMESPACE = 0x5055 << 48  # of the advisory locks; interactions.locks has another

Answer = TypeVar("Answer")


@dataclass
class Reader:
    """One user in this process: the reads that go on, and the seconds of long ones, which flow off as time passes."""

    quick: int = 0
    long: int = 0
    seconds: float = 0.0
    at: float = 0.0  # when that was right

    def left(self, now: float) -> float:
        return max(0.0, self.seconds - (now - self.at) * SECONDS_A_MINUTE / 60)

    def charge(self, seconds: float, now: float) -> None:
        self.seconds, self.at = self.left(now) + seconds, now

    def is_slow(self, now: float) -> bool:
        return bool(self.long) or (self.seconds > 0 and now - self.at < 1)


_readers: dict[int, Reader] = {}
_lock = Lock()  # of that
_places = BoundedSemaphore(MAX_LONG)


def read_in_turn(user: User, read: Callable[[], Answer]) -> Answer:
    """Return what `read` does, which may be called twice.

    Raises Throttled when the user's other reads have to end first, Busy when those of others have, TookTooLong.
    """
    with _quick(user.pk):
        try:
            with statements_within(QUICK_MILLISECONDS):
                return read()
        except OperationalError as error:
            if not is_cancelled(error):
                raise
    with _place(user.pk):
        return _read_long(user.pk, read)


def forget() -> None:
    """Forget who has read how long."""
    with _lock:
        _readers.clear()


@contextmanager
def _quick(user_id: int) -> Iterator[None]:
    """A quick read of the user; raises Throttled when it is not to be tried now."""
    now = time.monotonic()
    with _lock:
        reader = _readers.setdefault(user_id, Reader())
        over = reader.left(now) - SECONDS_A_MINUTE
        if over > 0:
            raise Throttled(over * 60 / SECONDS_A_MINUTE, "Your lists and searches took too long of late.")
        if reader.quick and reader.is_slow(now):
            raise Throttled(1, "Another of your lists or searches is still being read.")
        reader.quick += 1
    try:
        yield
    finally:
        with _lock:
            reader.quick -= 1
            _forget_idle(user_id, time.monotonic())


@contextmanager
def _place(user_id: int) -> Iterator[None]:
    """One of the process's places for long reads, whose time the user is charged with."""
    began = time.monotonic()
    with _lock:
        reader = _readers.setdefault(user_id, Reader())
        reader.charge(QUICK_MILLISECONDS / 1_000, began)
        if reader.long:
            raise Throttled(1, "Another of your lists or searches is still being read.")
        if not _places.acquire(blocking=False):
            raise Busy
        reader.long += 1
    try:
        yield
    finally:
        with _lock:
            reader.long -= 1
            reader.charge(time.monotonic() - began, time.monotonic())
            _places.release()


def _forget_idle(user_id: int, now: float) -> None:
    reader = _readers.get(user_id)
    if reader and not (reader.quick or reader.long or reader.left(now)):
        del _readers[user_id]


def _read_long(user_id: int, read: Callable[[], Answer]) -> Answer:
    try:
        with transaction.atomic(), statements_within(MAX_MILLISECONDS):
            if not _try_lock(user_id):
                raise Throttled(1, "Another of your lists or searches is still being read.")
            return read()
    except OperationalError as error:
        if is_cancelled(error):
            raise TookTooLong from error
        raise


def _try_lock(user_id: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [NAMESPACE | user_id])
        return cursor.fetchone()[0]
