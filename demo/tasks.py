"""What workers do: ids in, rows re-read, one call, safe to run twice. Their time is the database's, whatever their own."""

import logging
from datetime import timedelta

import redis
from celery import Task, shared_task
from celery.signals import worker_ready
from kombu.exceptions import OperationalError as BrokerError

from accounts.redis_client import reachable
from demo import backlog, delivery, planning, retention, unfinished
from interactions import ageing, replay
from interactions.clock import now
from interactions.connection import LOST_CONNECTION

logger = logging.getLogger(__name__)

# Receivers that do not answer, and what is overdue, keep a worker no longer.
LONGEST_DELIVERY = timedelta(seconds=10)
LONGEST_PLANNING = timedelta(seconds=5)


@shared_task(ignore_result=True)
def plan() -> None:
    """Plan every window that has started; what takes longer goes on behind the work of others."""
    if planning.plan_due(now(), within=LONGEST_PLANNING).is_cut_short:
        send(plan, once="plan on")


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
def finish(account_id: int, turn: int | None = None) -> None:
    """Take a turn at what the account's state asks for; what is left goes on behind the work of others."""
    if following := unfinished.take_turn(account_id, now(), turn):
        ask_for_turn(account_id, *following)


def ask_for_turn(account_id: int, turn: int, after: float = 0) -> None:
    """Ask a worker to take that turn, in so many seconds; without a broker the sweep will."""
    send(finish, account_id, turn, once=f"finish {account_id} {turn}", after=after)


@shared_task(ignore_result=True)
def sweep() -> None:
    """Take up what a dead worker or a lost message left, each account in a task of its own; plan what a run skipped."""
    for account_id, turn in unfinished.claim_silent(now()).items():
        ask_for_turn(account_id, turn)
    planning.plan_due(now(), within=LONGEST_PLANNING)
    replay.replay_due(now())


@worker_ready.connect
def sweep_at_start(**_: object) -> None:
    send(sweep, once="sweep at start")


def send(task: Task, *ids: int, once: str, after: float = 0) -> None:
    """Ask a worker for a task, in so many seconds; not while the last message named `once` waits, and not without a broker.

    What is left to do stands in the database, so the next sweep makes up for a message that could not be sent.
    """
    try:
        with reachable():
            task.apply_async(ids, retry=False, countdown=after or None, headers={"once": once})
    except (BrokerError, redis.ConnectionError) as error:
        logger.warning("No broker takes %r (%s); the next sweep will go on.", once, type(error).__name__)
