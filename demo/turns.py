"""A worker's turn at an account's work, and a limit to its time, after which others have theirs.

`demo.unfinished` gives turns; the work calls the turn between its steps, of which each is a transaction of its own.
"""

from datetime import datetime, timedelta

from demo.clock import Clock
from demo.heartbeat import Heartbeat
from demo.models import DemoAccount

LEAST = timedelta(milliseconds=50)


class TurnIsOver(Exception):
    """What is left waits for the next turn, `after` so many seconds; the tables say what it is."""

    def __init__(self, after: float = 0) -> None:
        super().__init__()
        self.after = after


class Turn:
    """Begins at `start` and lasts for `within`, but for one step at least; without a limit until all is done."""

    def __init__(self, start: datetime, within: timedelta | None = None) -> None:
        self.start = start
        self._clock, self._within = Clock(start), within
        self._has_begun = False

    def of(self, account: DemoAccount) -> "Turn":
        """The same turn, at the work that the account's present state asks for."""
        self.beat = Heartbeat(account, account.state, self.start)
        return self

    @property
    def is_over(self) -> bool:
        return self._within is not None and self._clock.elapsed >= self._within

    @property
    def left(self) -> timedelta | None:
        """The time for what is limited by itself, which is never too short to begin; None when there is no limit."""
        return None if self._within is None else max(self._within - self._clock.elapsed, LEAST)

    def __call__(self) -> bool:
        """Give a sign of life before a step; False when the account has left its state.

        Raises TurnIsOver when the time is up, unless it is the first step.
        """
        if self._has_begun and self.is_over:
            raise TurnIsOver
        self._has_begun = True
        return self.beat()
