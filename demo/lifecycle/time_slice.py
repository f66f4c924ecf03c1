"""A time slice: how long a worker does one account's pending work before other accounts' work runs.

`demo.lifecycle.pending_work` creates slices. The work calls the slice before each of its steps; each step is one transaction.
"""

from datetime import datetime, timedelta

from demo.engine.clock import Clock
from demo.lifecycle.heartbeat import Heartbeat
from demo.models import DemoAccount

MIN_TIME_LEFT = timedelta(milliseconds=50)


class TimeSliceOver(Exception):
    """The time is up. The rest waits for the next slice, in `after` seconds; the database stores the pending work."""

    def __init__(self, after: float = 0) -> None:
        super().__init__()
        self.after = after


class TimeSlice:
    """Begins at `start` and lasts `duration`, but at least one step; without a duration it lasts until all is done."""

    def __init__(self, start: datetime, duration: timedelta | None = None) -> None:
        self.start = start
        self._clock, self._duration = Clock(start), duration
        self._has_begun = False

    def for_account(self, account: DemoAccount) -> "TimeSlice":
        """Set the account whose heartbeat the slice sends, for the work of its present state; return the slice."""
        self.beat = Heartbeat(account, account.state, self.start)
        return self

    @property
    def is_over(self) -> bool:
        return self._duration is not None and self._clock.elapsed >= self._duration

    @property
    def time_left(self) -> timedelta | None:
        """The time left, at least MIN_TIME_LEFT, so that a step with a time limit can begin; None without a duration."""
        return None if self._duration is None else max(self._duration - self._clock.elapsed, MIN_TIME_LEFT)

    def __call__(self) -> bool:
        """Send a heartbeat before a step; False when the account has left the state that the work was for.

        Raises TimeSliceOver when the time is up, unless it is the first step.
        """
        if self._has_begun and self.is_over:
            raise TimeSliceOver
        self._has_begun = True
        return self.beat()
