"""A clock that starts at a given moment and advances; used where work is limited in time, and by beat.

The database's clock is in `interactions/clock.py`.
"""

import time
from datetime import datetime, timedelta


class Clock:
    """Starts at `start` and advances with the machine's monotonic clock."""

    def __init__(self, start: datetime) -> None:
        self.start = start
        self._started = time.monotonic()

    @property
    def elapsed(self) -> timedelta:
        return timedelta(seconds=time.monotonic() - self._started)

    def now(self) -> datetime:
        return self.start + self.elapsed
