"""The Celery tasks of demo mode. Beat and `interactions.dispatch` send them by name.

Arguments are ids; each task reads the rows again and is safe to run twice. `now` is the database's time.
"""

from datetime import timedelta

from celery import shared_task
from celery.signals import worker_ready

from demo.engine import backlog, delivery, planning, retention
from demo.lifecycle import pending_work, recovery
from demo.lifecycle.dispatch import request_slice
from interactions import dispatch, expiry, replay
from interactions.clock import now
from interactions.db_errors import DATABASE_UNAVAILABLE

# The tasks that serve all accounts end after this time, so that they do not keep a worker from other tasks.
MAX_DELIVERY_TIME = timedelta(seconds=10)
MAX_PLANNING_TIME = timedelta(seconds=5)


@shared_task(ignore_result=True)
def plan() -> None:
    """Plan every open window; if the time limit ends it early, send the task again, behind the tasks in the queue."""
    if planning.plan_due(now(), time_limit=MAX_PLANNING_TIME).reached_time_limit:
        dispatch.send(plan.name, dedup_key="plan continued")


@shared_task(ignore_result=True)
def deliver() -> None:
    """Deliver due events until none is left or the time limit ends it; the next run delivers the others."""
    if delivery.deliver_due(now(), time_limit=MAX_DELIVERY_TIME):
        backlog.note_delivery()


@shared_task(
    ignore_result=True,
    autoretry_for=DATABASE_UNAVAILABLE,
    retry_backoff=60,
    retry_backoff_max=1_800,
    max_retries=10,
)
def cleanup() -> None:
    """Expire demo data older than each account's retention, purge what expired a week ago; delete old live dead letters."""
    retention.clean_up(now())
    expiry.delete_expired(now())


# Its name stays "finish": messages of other releases in the queue have it.
@shared_task(ignore_result=True, name="demo.tasks.finish")
def run_slice(account_id: int, number: int | None = None) -> None:
    """Run a time slice of the account's pending work; when more is left, request the next slice."""
    if following := pending_work.run_slice(account_id, now(), number):
        request_slice(account_id, *following)


@shared_task(ignore_result=True)
def sweep() -> None:
    """Request a time slice for each account with stalled work, plan what an earlier run left, and replay dead letters."""
    for account_id, number in recovery.claim_stalled(now()).items():
        request_slice(account_id, number)
    planning.plan_due(now(), time_limit=MAX_PLANNING_TIME)
    replay.replay_due(now())


@worker_ready.connect
def sweep_at_start(**_: object) -> None:
    dispatch.send(sweep.name, dedup_key="sweep at start")
