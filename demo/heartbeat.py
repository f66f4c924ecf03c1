"""The sign of life of whoever works on an account; the sweep takes up accounts that give none."""

import time
from datetime import datetime, timedelta

from demo.models import DemoAccount, State

EVERY_SECONDS = 5


class Heartbeat:
    """Beats for an account while it is in `state`, at most every five seconds; its clock starts at `now`."""

    def __init__(self, account: DemoAccount, state: State, now: datetime) -> None:
        self._account = DemoAccount.objects.filter(pk=account.pk, state=state)
        self._now = now
        self._started = time.monotonic()
        self._next = 0.0

    def __call__(self) -> bool:
        """Beat when it is time; False when the account is in that state no more."""
        elapsed = time.monotonic() - self._started
        if elapsed < self._next:
            return True
        self._next = elapsed + EVERY_SECONDS
        return bool(self._account.update(heartbeat_at=self._now + timedelta(seconds=elapsed)))
