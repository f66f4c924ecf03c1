"""A given moment that goes on while long work is done, so that the work knows how late it has become."""

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
