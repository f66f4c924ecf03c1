"""Limits on reads whose cost a user controls: lists, searches and summaries; called by the pages, the API and the admin.

A read gets QUICK_MILLISECONDS. If it takes longer it is cancelled and started again with MAX_MILLISECONDS, if a slot for
long reads is free: each user has one (by a lock in the database), each web process MAX_LONG_READS, so that threads
remain for others. A user has MAX_SECONDS_PER_MINUTE of long reads in a process. While a user's long read runs, and for a
second after it, that user may run only one quick read at a time.
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
from interactions.problems import StatementTimeout, TooManyLongReads
from interactions.statement_timeouts import statement_timeout

QUICK_MILLISECONDS, MAX_MILLISECONDS = 200, 4_000
MAX_LONG_READS = settings.WEB_THREADS // 2  # at a time in one process
MAX_SECONDS_PER_MINUTE = 20
READ_LOCKS = 0x5055 << 48  # upper bits of the advisory lock keys; each kind of advisory lock has its own
STILL_READING = "Another of your lists or searches is still being read."

Answer = TypeVar("Answer")


@dataclass
class Usage:
    """One user's reads in this process: how many run now, and a leaky bucket of the seconds of long ones."""

    quick_reads: int = 0
    long_reads: int = 0
    seconds: float = 0.0  # at `updated_at`
    updated_at: float = 0.0

    def remaining_seconds(self, now: float) -> float:
        """Return the seconds in the bucket, which drains by MAX_SECONDS_PER_MINUTE."""
        return max(0.0, self.seconds - (now - self.updated_at) * MAX_SECONDS_PER_MINUTE / 60)

    def add(self, seconds: float, now: float) -> None:
        self.seconds, self.updated_at = self.remaining_seconds(now) + seconds, now

    def is_slow(self, now: float) -> bool:
        """Whether a long read runs, or ended less than a second ago."""
        return bool(self.long_reads) or (self.seconds > 0 and now - self.updated_at < 1)


_usages: dict[int, Usage] = {}  # by user id
_usages_lock = Lock()
_long_slots = BoundedSemaphore(MAX_LONG_READS)


def read_within_limits(user: User, read: Callable[[], Answer]) -> Answer:
    """Return what `read` returns; `read` may be called twice.

    Raises Throttled when other reads of the user must end first, TooManyLongReads when reads of other users must, and
    StatementTimeout when the read takes too long.
    """
    with _quick_read(user.pk):
        try:
            with statement_timeout(QUICK_MILLISECONDS):
                return read()
        except OperationalError as error:
            if not is_cancelled(error):
                raise
    with _long_read(user.pk):
        return _read_long(user.pk, read)


def reset_usage() -> None:
    """Forget the usage of all users; called by tests."""
    with _usages_lock:
        _usages.clear()


@contextmanager
def _quick_read(user_id: int) -> Iterator[None]:
    """Count a quick read for the block; raises Throttled when the user may not read now."""
    now = time.monotonic()
    with _usages_lock:
        usage = _usages.setdefault(user_id, Usage())
        excess = usage.remaining_seconds(now) - MAX_SECONDS_PER_MINUTE
        if excess > 0:
            raise Throttled(
                excess * 60 / MAX_SECONDS_PER_MINUTE,
                "Your lists and searches took too long within the last minute.",
            )
        if usage.quick_reads and usage.is_slow(now):
            raise Throttled(1, STILL_READING)
        usage.quick_reads += 1
    try:
        yield
    finally:
        with _usages_lock:
            usage.quick_reads -= 1
            _forget_idle(user_id, time.monotonic())


@contextmanager
def _long_read(user_id: int) -> Iterator[None]:
    """Hold one of the process's slots for long reads, and add the time of the block to the user's usage."""
    started = time.monotonic()
    with _usages_lock:
        usage = _usages.setdefault(user_id, Usage())
        usage.add(QUICK_MILLISECONDS / 1_000, started)
        if usage.long_reads:
            raise Throttled(1, STILL_READING)
        if not _long_slots.acquire(blocking=False):
            raise TooManyLongReads
        usage.long_reads += 1
    try:
        yield
    finally:
        with _usages_lock:
            usage.long_reads -= 1
            usage.add(time.monotonic() - started, time.monotonic())
            _long_slots.release()


def _forget_idle(user_id: int, now: float) -> None:
    usage = _usages.get(user_id)
    if usage and not (usage.quick_reads or usage.long_reads or usage.remaining_seconds(now)):
        del _usages[user_id]


def _read_long(user_id: int, read: Callable[[], Answer]) -> Answer:
    try:
        with transaction.atomic(), statement_timeout(MAX_MILLISECONDS):
            if not _try_lock(user_id):
                raise Throttled(1, STILL_READING)
            return read()
    except OperationalError as error:
        if is_cancelled(error):
            raise StatementTimeout from error
        raise


def _try_lock(user_id: int) -> bool:
    """Take the user's lock for long reads, which counts in all processes; False when another read holds it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [READ_LOCKS | user_id])
        return cursor.fetchone()[0]
