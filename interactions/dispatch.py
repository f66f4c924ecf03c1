"""Sends tasks to workers by name, so that the sender need not import what the task runs. Called by tasks, views and demo mode."""

import logging

import redis
from celery import current_app
from kombu.exceptions import OperationalError as BrokerError

from accounts.redis_client import guarded_client

logger = logging.getLogger(__name__)


def send(task: str, *ids: int, dedup_key: str, after: float = 0) -> None:
    """Send the task of that name with `ids` as arguments, to run in `after` seconds.

    The broker drops the message while another one with the same `dedup_key` waits in the queue. Without a broker the message
    is lost, which is logged. The database stores the pending work, and a task that runs each minute sends the message again.
    """
    try:
        with guarded_client():
            current_app.send_task(
                task, ids, retry=False, countdown=after or None, headers={"once": dedup_key}
            )
    except (BrokerError, redis.ConnectionError) as error:
        logger.warning(
            "The broker is unreachable (%s): %r was not sent; it is sent again within a minute.",
            type(error).__name__,
            dedup_key,
        )
