"""Bulk changes by filter: a few threads at once, more by a job in the worker. Called by the API, the pages and tasks.

A job's row has its progress, and is written in the transaction of each batch. So a job that is interrupted anywhere, or
runs twice at once, changes each thread once and counts it once.
"""

import logging
import time
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_noop

from accounts.models import User
from interactions.db_errors import is_connection_lost
from interactions.dispatch import send
from interactions.error_references import log_failure
from interactions.events import read_timestamp
from interactions.locks import lock_profiles
from interactions.models import BulkJob, BulkJobRunning, BulkJobState
from interactions.models.thread_lists import ThreadFilters
from interactions.read_limits import read_within_limits
from interactions.threads.bulk import (
    MAX_THREADS,
    THREADS_PER_TRANSACTION,
    BulkChange,
    Candidate,
    Selection,
    change_all,
    change_batch,
    count,
    find_candidates,
    prepare_labels,
)
from interactions.threads.changing import InvalidChange, check_end
from interactions.threads.labels import TooManyLabels

logger = logging.getLogger(__name__)

MAX_IN_REQUEST = 1_000  # threads
STALLED_AFTER = timedelta(seconds=30)  # without a batch: the message was lost, or the worker died
MAX_AGE = timedelta(days=1)  # of a job that does not end
FINISHED_KEPT = timedelta(days=1)
TASK = "interactions.tasks.run_bulk_job"
_TIMES = ("active_after", "active_before", "snoozed_until")


def change_or_start(selection: Selection, now: datetime) -> int | BulkJob:
    """Change the threads of the selection and return how many, or start a job if they are more than MAX_IN_REQUEST.

    Call it outside of a transaction. Raises TooManyLabels, BulkJobRunning, and what `read_within_limits` raises.
    """
    candidates = find_first(selection, now)
    if need_job(candidates):
        return start_job(selection, candidates, now)
    return change_all(selection, candidates, now)


def find_first(selection: Selection, now: datetime) -> list[Candidate]:
    """Find the threads of the selection, at most one more than a request changes."""
    return read_within_limits(selection.user, lambda: find_candidates(selection, now, MAX_IN_REQUEST + 1))


def need_job(candidates: list[Candidate]) -> bool:
    """Whether they are more threads than a request changes."""
    return len(candidates) > MAX_IN_REQUEST


def start_job(selection: Selection, candidates: list[Candidate], now: datetime) -> BulkJob:
    """Start a job for the threads of the selection, of which the candidates are some; raises as `change_or_start`."""
    user = selection.user
    if BulkJob.objects.owned_by(user).running().exists():
        raise BulkJobRunning
    left = read_within_limits(user, lambda: count(selection, now))
    prepare_labels(selection.change, candidates)
    columns = {"filters": _to_json(vars(selection.filters)), "change": _to_json(selection.change.members())}
    job = BulkJob.objects.start(user, now, until=selection.until, left=left, **columns)
    request_slice(job.pk)
    return job


def cancel(job: BulkJob, now: datetime) -> None:
    """Cancel the job unless it has ended. What it has changed stays; a batch that is being changed is the last one."""
    BulkJob.objects.filter(pk=job.pk).end(BulkJobState.CANCELLED, now)


def request_slice(job_id: int) -> None:
    """Ask a worker to go on with the job."""
    send(TASK, job_id, dedup_key=f"bulk job {job_id}")


def run_slice(job_id: int, now: datetime, time_limit: timedelta) -> bool:
    """Change batches of the job until nothing is left or the time is over, at least one; return whether more is left.

    Safe to run twice and in parallel. An error ends the job, except when the database is unavailable: that is raised.
    """
    deadline = time.monotonic() + time_limit.total_seconds()
    try:
        while is_running := _run_batch(job_id, now):
            if time.monotonic() >= deadline:
                break
        return is_running
    except InvalidChange:
        sentence = gettext_noop("The end of the snooze has passed.")
    except TooManyLabels:
        sentence = gettext_noop("A profile has as many labels in use as it may have.")
    except Exception as error:
        if is_connection_lost(error):
            raise
        sentence = log_failure(logger, "Bulk job %d failed", job_id)
    BulkJob.objects.filter(pk=job_id).end(BulkJobState.FAILED, now, error=sentence)
    return False


def resume_stalled(now: datetime) -> None:
    """Ask workers to go on with jobs that none works on; end those older than MAX_AGE."""
    running = BulkJob.objects.running()
    running.filter(created_at__lt=now - MAX_AGE).end(
        BulkJobState.FAILED,
        now,
        error=gettext_noop("It did not end within a day. Send it again for the threads that are left."),
    )
    stalled = running.filter(updated_at__lt=now - STALLED_AFTER)
    for id in list(stalled.values_list("pk", flat=True)):
        if stalled.filter(pk=id).update(updated_at=now):
            request_slice(id)


def delete_finished(now: datetime) -> None:
    """Delete the jobs that ended more than FINISHED_KEPT ago."""
    ended = BulkJob.objects.exclude(state=BulkJobState.RUNNING)
    ended.filter(updated_at__lt=now - FINISHED_KEPT).delete()


def _run_batch(job_id: int, now: datetime) -> bool:
    """Change the next threads of the job; return whether it is still running."""
    job = BulkJob.objects.running().select_related("owner").filter(pk=job_id).first()
    if job is None:
        return False
    selection = _selection(job, job.owner)
    check_end(selection.change.snoozed_until, now)
    limit = min(THREADS_PER_TRANSACTION, MAX_THREADS - job.changed)
    candidates = find_candidates(selection, now, limit, job.cursor) if limit else []
    if candidates:
        _change_and_advance(job, selection, candidates, now)
        return True
    BulkJob.objects.filter(pk=job_id).end(BulkJobState.DONE, now, left=count(selection, now))
    return False


def _change_and_advance(
    job: BulkJob, selection: Selection, candidates: list[Candidate], now: datetime
) -> None:
    """Change the candidates and move the job behind them; nothing if it was cancelled or another process has moved it."""
    with transaction.atomic():
        lock_profiles(one.profile_id for one in candidates)
        unmoved = BulkJob.objects.running().filter(cursor_at=job.cursor_at, cursor_id=job.cursor_id)
        current = unmoved.select_for_update().filter(pk=job.pk).first()
        if current is None:
            return
        changed = change_batch(selection, candidates, now)
        BulkJob.objects.filter(pk=job.pk).update(
            changed=current.changed + changed,
            left=max(0, current.left - changed),
            cursor_at=candidates[-1].active_at,
            cursor_id=candidates[-1].id,
            updated_at=now,
        )


def _selection(job: BulkJob, owner: User) -> Selection:
    filters = ThreadFilters(**_with_times(job.filters))
    return Selection(owner, filters, job.until, BulkChange.of(_with_times(job.change)))


def _to_json(members: dict[str, Any]) -> dict[str, Any]:
    """The members that are not None, times as text; `_with_times` reads them."""
    given = {name: value for name, value in members.items() if value is not None}
    return {name: value.isoformat() if name in _TIMES else value for name, value in given.items()}


def _with_times(members: dict[str, Any]) -> dict[str, Any]:
    return {name: read_timestamp(value) if name in _TIMES else value for name, value in members.items()}
