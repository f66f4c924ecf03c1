"""The Celery tasks of the inbox; beat sends them by name (`demo/schedules.py`). Each is safe to run twice."""

from datetime import timedelta

from celery import shared_task

from interactions import dispatch, search_filling
from interactions.clock import now
from interactions.moderation.blocking import hide_blocked
from interactions.threads import bulk_jobs
from interactions.threads.adoption import adopt_rows
from interactions.threads.waking import wake_threads

MAX_ADOPTION_TIME = timedelta(seconds=10)
MAX_HIDING_TIME = timedelta(seconds=20)
MAX_BULK_TIME = timedelta(seconds=2)  # then the task sends itself again, behind the tasks in the queue
MAX_FILLING_TIME = timedelta(seconds=2)  # likewise


@shared_task(ignore_result=True)
def refresh_threads() -> None:
    """End the snoozes that are over, and bring rows into threads that processes of the release before stored.

    Go on with bulk jobs that no worker works on, and delete old ones.
    """
    bulk_jobs.resume_stalled(now())
    bulk_jobs.delete_finished(now())
    wake_threads(now())
    adopt_rows(now(), MAX_ADOPTION_TIME)


@shared_task(ignore_result=True)
def hide_blocked_authors() -> None:
    """Hide what blocked authors wrote before they were blocked, as far as the request has left it."""
    hide_blocked(now(), MAX_HIDING_TIME)


@shared_task(ignore_result=True)
def run_bulk_job(job_id: int) -> None:
    """Change threads of the job until none is left or the time limit ends it."""
    if bulk_jobs.run_slice(job_id, now(), MAX_BULK_TIME):
        bulk_jobs.request_slice(job_id)


# Its name stays "demo.tasks": schedules, and messages of other releases in the queue, have it.
@shared_task(ignore_result=True, name="demo.tasks.fill_search")
def fill_search() -> None:
    """Store the words of new and edited interactions, until none is left or the time limit ends it."""
    if search_filling.fill(MAX_FILLING_TIME):
        dispatch.send(fill_search.name, dedup_key="fill_search continued")
