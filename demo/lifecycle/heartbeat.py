"""The sign of life of whoever works on an account; the sweep takes up accounts that give none."""

from datetime import datetime, timedelta

from demo.engine.clock import Clock
from demo.models import DemoAccount, State

EVERY = timedelta(seconds=5)


class Heartbeat:
    """Beats for an account while it is in `state`, at most every five seconds; its clock starts at `now`."""

    def __init__(self, account: DemoAccount, state: State, now: datetime) -> None:
        self._account = DemoAccount.objects.filter(pk=account.pk, state=state)
        self._clock = Clock(now)
        self._next = now

    def __call__(self) -> bool:
        """Beat when it is time; False when the account is in that state no more."""
        now = self._clock.now()
        if now < self._next:
            return True
        self._next = now + EVERY
        return bool(self._account.update(heartbeat_at=now))
