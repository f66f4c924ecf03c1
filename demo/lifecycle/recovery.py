"""Finds accounts whose pending work no worker is doing, because a worker died or a message was lost. Called by the sweep."""

from datetime import datetime, timedelta

from demo.models import DemoAccount

STALLED_AFTER = timedelta(seconds=30)  # without a heartbeat


def claim_stalled(now: datetime) -> dict[int, int]:
    """The accounts with pending work and no heartbeat for STALLED_AFTER, each with the number of its next time slice.

    A fresh heartbeat claims each for one caller. An account whose slice only waits in a long queue is claimed too; that
    is harmless, as a slice of the same number runs once.
    """
    stalled = DemoAccount.objects.stalled_since(now - STALLED_AFTER)
    return {
        id: number
        for id, number in stalled.values_list("pk", "next_slice")
        if DemoAccount.objects.stalled_since(now - STALLED_AFTER).filter(pk=id).update(heartbeat_at=now)
    }
