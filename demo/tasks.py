"""What workers do: ids in, rows re-read, one call, safe to run twice."""

from datetime import timedelta

from celery import shared_task
from celery.signals import worker_ready
from django.utils import timezone

from demo import delivery, planning, retention, unfinished
from demo.schedules import SWEEP_EXPIRES
from interactions import ageing, replay
from interactions.connection import LOST_CONNECTION

LONGEST_DELIVERY = timedelta(seconds=30)  # receivers that do not answer keep a worker no longer


@shared_task(ignore_result=True)
def plan() -> None:
    """Plan every window that has started."""
    planning.plan_due(timezone.now())


@shared_task(ignore_result=True)
def deliver() -> None:
    """Deliver everything that is due."""
    delivery.deliver_due(timezone.now(), within=LONGEST_DELIVERY)


@shared_task(
    ignore_result=True,
    autoretry_for=LOST_CONNECTION,
    retry_backoff=60,
    retry_backoff_max=1_800,
    max_retries=10,
)
def cleanup() -> None:
    """Hide demo data older than each account's retention, and purge what was hidden a week ago; age live dead letters."""
    retention.clean_up(timezone.now())
    ageing.delete_old(timezone.now())


@shared_task(ignore_result=True)
def finish(account_id: int) -> None:
    """Do what the account's state asks for."""
    unfinished.finish(account_id, timezone.now())


@shared_task(ignore_result=True)
def sweep() -> None:
    """Take up what a dead worker or a lost message left, each account in a task of its own; plan what a run skipped."""
    for account_id in unfinished.claim_silent(timezone.now()):
        finish.apply_async([account_id], retry=False, expires=SWEEP_EXPIRES)
    planning.plan_due(timezone.now())
    replay.replay_due(timezone.now())


@worker_ready.connect
def sweep_at_start(**_: object) -> None:
    sweep.apply_async(retry=False, expires=SWEEP_EXPIRES)
