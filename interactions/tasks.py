"""The Celery tasks of the inbox; beat sends them by name (`demo/schedules.py`). Each is safe to run twice."""

from datetime import timedelta

from celery import shared_task

from interactions.clock import now
from interactions.moderation.blocking import hide_blocked
from interactions.threads.adoption import adopt_rows
from interactions.threads.waking import wake_threads

MAX_ADOPTION_TIME = timedelta(seconds=10)
MAX_HIDING_TIME = timedelta(seconds=20)


@shared_task(ignore_result=True)
def refresh_threads() -> None:
    """End the snoozes that are over, and bring rows into threads that processes of the release before stored."""
    wake_threads(now())
    adopt_rows(now(), MAX_ADOPTION_TIME)


@shared_task(ignore_result=True)
def hide_blocked_authors() -> None:
    """Hide what blocked authors wrote before they were blocked, as far as the request has left it."""
    hide_blocked(now(), MAX_HIDING_TIME)
