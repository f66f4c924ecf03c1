"""The Celery tasks of the inbox; beat sends them by name (`demo/schedules.py`). Each is safe to run twice."""

from datetime import timedelta

from celery import shared_task

from interactions import search_filling
from interactions.clock import now
from interactions.dispatch import send
from interactions.moderation.blocking import hide_blocked
from interactions.profile_deletion import delete_without_owner, request_deletion
from interactions.threads import bulk_jobs
from interactions.threads.waking import wake_threads

MAX_HIDING_TIME = timedelta(seconds=20)
MAX_DELETION_TIME = timedelta(seconds=5)  # then the task sends itself again, behind the tasks in the queue
MAX_FILLING_TIME = timedelta(seconds=2)
MAX_BULK_TIME = timedelta(seconds=2)  # then the task sends itself again, behind the tasks in the queue


@shared_task(ignore_result=True)
def refresh_threads() -> None:
    """End the snoozes that are over."""
    wake_threads(now())


@shared_task(ignore_result=True)
def resume_bulk_jobs() -> None:
    """Go on with bulk jobs that no worker works on, and delete those that ended long ago."""
    bulk_jobs.resume_stalled(now())
    bulk_jobs.delete_finished(now())


@shared_task(ignore_result=True)
def hide_blocked_authors() -> None:
    """Hide what blocked authors wrote before they were blocked, as far as the request has left it."""
    hide_blocked(now(), MAX_HIDING_TIME)


@shared_task(ignore_result=True)
def delete_profiles() -> None:
    """Delete the profiles that their owners have deleted, until none is left or the time limit ends it."""
    if delete_without_owner(MAX_DELETION_TIME):
        request_deletion()


@shared_task(ignore_result=True)
def fill_search() -> None:
    """Store the words of new and edited interactions; it sends itself again when the time limit ends it."""
    if search_filling.fill(MAX_FILLING_TIME):
        send(fill_search.name, dedup_key="fill_search continued")


@shared_task(ignore_result=True)
def run_bulk_job(job_id: int) -> None:
    """Change threads of the job until none is left or the time limit ends it."""
    if bulk_jobs.run_slice(job_id, now(), MAX_BULK_TIME):
        bulk_jobs.request_slice(job_id)
