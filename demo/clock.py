"""The clocks: the database's, which all machines share, and one that goes on from a given moment while work is done."""

import time
from datetime import datetime, timedelta

from django.db import connection


def now() -> datetime:
    """The database's time. Machines whose own clocks differ agree on it, so what one of them notes another may compare."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return cursor.fetchone()[0]


class Clock:
    """Starts at a given moment and goes on by the machine's monotonic clock."""

    def __init__(self, start: datetime) -> None:
        self.start = start
        self._started = time.monotonic()

    @property
    def elapsed(self) -> timedelta:
        return timedelta(seconds=time.monotonic() - self._started)

    def now(self) -> datetime:
        return self.start + self.elapsed
