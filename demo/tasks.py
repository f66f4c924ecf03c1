"""What workers do: ids in, rows re-read, one call, safe to run twice. Their time is the database's, whatever their own."""

from datetime import timedelta

from celery import shared_task
from celery.signals import worker_ready

from demo import backlog, delivery, planning, retention, unfinished
from demo.clock import now
from interactions import ageing, replay
from interactions.connection import LOST_CONNECTION

LONGEST_DELIVERY = timedelta(seconds=30)  # receivers that do not answer keep a worker no longer


@shared_task(ignore_result=True)
def plan() -> None:
    """Plan every window that has started."""
    planning.plan_due(now())


@shared_task(ignore_result=True)
def deliver() -> None:
    """Deliver everything that is due."""
    if delivery.deliver_due(now(), within=LONGEST_DELIVERY):
        backlog.note_delivery()


@shared_task(
    ignore_result=True,
    autoretry_for=LOST_CONNECTION,
    retry_backoff=60,
    retry_backoff_max=1_800,
    max_retries=10,
)
def cleanup() -> None:
    """Hide demo data older than each account's retention, and purge what was hidden a week ago; age live dead letters."""
    retention.clean_up(now())
    ageing.delete_old(now())


@shared_task(ignore_result=True)
def finish(account_id: int) -> None:
    """Do what the account's state asks for."""
    unfinished.finish(account_id, now())
    backlog.note_delivery()


@shared_task(ignore_result=True)
def sweep() -> None:
    """Take up what a dead worker or a lost message left, each account in a task of its own; plan what a run skipped."""
    for account_id in unfinished.claim_silent(now()):
        finish.apply_async([account_id], retry=False, headers={"once": f"finish {account_id}"})
    planning.plan_due(now())
    replay.replay_due(now())


@worker_ready.connect
def sweep_at_start(**_: object) -> None:
    sweep.apply_async(retry=False, headers={"once": "sweep at start"})
