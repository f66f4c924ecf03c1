"""A time slice: how long a worker does one account's pending work before other accounts' work runs.

`demo.lifecycle.pending_work` creates slices. The work calls `begin_step` before each of its steps, which are transactions.
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
    """Begins at `start` and lasts `duration`, but at least one step; without a duration it lasts until all is done.

    It sends the heartbeats of `account`, for the work of the account's state.
    """

    def __init__(self, account: DemoAccount, start: datetime, duration: timedelta | None = None) -> None:
        self.start = start
        self._account = account
        self._clock = Clock(start)
        self._duration = duration
        self._has_begun = False
        self.follow_state()

    def follow_state(self) -> None:
        """Send heartbeats for the work of the account's present state from now on. Call it when the state has changed."""
        self._heartbeat = Heartbeat(self._account, self._account.state, self.start)

    @property
    def is_over(self) -> bool:
        return self._duration is not None and self._clock.elapsed >= self._duration

    @property
    def time_left(self) -> timedelta | None:
        """The time left, at least MIN_TIME_LEFT, so that a step with a time limit can begin; None without a duration."""
        return None if self._duration is None else max(self._duration - self._clock.elapsed, MIN_TIME_LEFT)

    def begin_step(self) -> bool:
        """Send a heartbeat before a step; False when the account has left the state that the work was for.

        Raises TimeSliceOver when the time is up, unless it is the first step.
        """
        if self._has_begun and self.is_over:
            raise TimeSliceOver
        self._has_begun = True
        return self.send_heartbeat()

    def send_heartbeat(self) -> bool:
        """Send a heartbeat, also when the time is up; False when the account has left the state."""
        return self._heartbeat.send()
