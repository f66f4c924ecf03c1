"""The heartbeat of the worker that does an account's pending work. Recovery restarts work without a recent heartbeat."""

from datetime import datetime, timedelta

from demo.engine.clock import Clock
from demo.models import DemoAccount, State

INTERVAL = timedelta(seconds=5)


class Heartbeat:
    """Stores heartbeats for an account while it is in `state`. Its clock starts at `now`."""

    def __init__(self, account: DemoAccount, state: State, now: datetime) -> None:
        self._account = DemoAccount.objects.filter(pk=account.pk, state=state)
        self._clock = Clock(now)
        self._next = now

    def send(self) -> bool:
        """Store a heartbeat if INTERVAL has passed since the last one; False if the account has left the state."""
        now = self._clock.now()
        if now < self._next:
            return True
        self._next = now + INTERVAL
        return bool(self._account.update(heartbeat_at=now))
