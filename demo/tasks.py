"""What workers do: ids in, rows re-read, one call, safe to run twice. Their time is the database's, whatever their own."""

from datetime import timedelta

from celery import shared_task
from celery.signals import worker_ready

from demo.engine import backlog, delivery, planning, retention
from demo.lifecycle import dispatch, pending_work, recovery
from interactions import expiry, replay
from interactions.clock import now
from interactions.db_errors import DATABASE_UNAVAILABLE

# Receivers that do not answer, and what is overdue, keep a worker no longer.
MAX_DELIVERY_TIME = timedelta(seconds=10)
MAX_PLANNING_TIME = timedelta(seconds=5)


@shared_task(ignore_result=True)
def plan() -> None:
    """Plan every window that has started; what takes longer goes on behind the work of others."""
    if planning.plan_due(now(), within=MAX_PLANNING_TIME).is_cut_short:
        dispatch.send(plan.name, once="plan on")


@shared_task(ignore_result=True)
def deliver() -> None:
    """Deliver everything that is due."""
    if delivery.deliver_due(now(), within=MAX_DELIVERY_TIME):
        backlog.note_delivery()


@shared_task(
    ignore_result=True,
    autoretry_for=DATABASE_UNAVAILABLE,
    retry_backoff=60,
    retry_backoff_max=1_800,
    max_retries=10,
)
def cleanup() -> None:
    """Hide demo data older than each account's retention, and purge what was hidden a week ago; age live dead letters."""
    retention.clean_up(now())
    expiry.delete_expired(now())


@shared_task(ignore_result=True)
def finish(account_id: int, number: int | None = None) -> None:
    """Run a time slice of the account's pending work, and ask for the next one when more is left."""
    if following := pending_work.run_slice(account_id, now(), number):
        dispatch.request_slice(account_id, *following)


@shared_task(ignore_result=True)
def sweep() -> None:
    """Take up what a dead worker or a lost message left, each account in a task of its own; plan what a run skipped."""
    for account_id, number in recovery.claim_stalled(now()).items():
        dispatch.request_slice(account_id, number)
    planning.plan_due(now(), within=MAX_PLANNING_TIME)
    replay.replay_due(now())


@worker_ready.connect
def sweep_at_start(**_: object) -> None:
    dispatch.send(sweep.name, once="sweep at start")
