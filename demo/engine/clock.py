"""A clock that goes on from a given moment while work is done. That of the database is in interactions/clock.py."""

import time
from datetime import datetime, timedelta


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
