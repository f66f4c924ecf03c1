"""Asks workers for tasks by their names, so that what asks need not import what the tasks run."""

import logging

import redis
from celery import current_app
from kombu.exceptions import OperationalError as BrokerError

from accounts.redis_client import guarded_client

logger = logging.getLogger(__name__)


def request_slice(account_id: int, number: int, after: float = 0) -> None:
    """Ask a worker to run that time slice of the account's pending work, in `after` seconds."""
    send("demo.tasks.finish", account_id, number, once=f"finish {account_id} {number}", after=after)


def send(task: str, *ids: int, once: str, after: float = 0) -> None:
    """Ask a worker for the task of that name with `ids` as its arguments, in `after` seconds.

    The broker drops the message while an earlier one with the same `once` waits in the queue. Without a broker the
    message is lost, which is logged: what is left to do is stored in the database, and the next sweep asks again.
    """
    try:
        with guarded_client():
            current_app.send_task(task, ids, retry=False, countdown=after or None, headers={"once": once})
    except (BrokerError, redis.ConnectionError) as error:
        logger.warning("No broker takes %r (%s); the next sweep asks again.", once, type(error).__name__)
