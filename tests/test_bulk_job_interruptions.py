"""Jobs of bulk changes that are interrupted: dead workers, lost messages, errors, deleted users."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from threading import Barrier, BrokenBarrierError

import pytest
import redis
from django.db import OperationalError, connection

from demo.lifecycle import removal, transitions
from interactions import dispatch, tasks
from interactions.clock import now
from interactions.models import BulkJob, Label, Thread
from interactions.threads import bulk_jobs, labels
from interactions.threads.decisions import decide
from tests.bulk_threads import BULK, DONE, MINUTE, comments, made_done, progress, run_job, started, visible
from tests.expected_threads import check_threads
from tests.test_scans import run_to_completion
from tests.world import HOUR, NOW, SECOND, at, demo_of, send


@pytest.mark.django_db(transaction=True)
def test_a_job_whose_worker_died_in_a_batch_is_done_exactly(page, job, monkeypatch):
    change_batch, calls = bulk_jobs.change_batch, []

    def die_in_the_second(*arguments) -> int:
        changed = change_batch(*arguments)
        calls.append(changed)
        if len(calls) == 2:
            raise SystemExit
        return changed

    monkeypatch.setattr(bulk_jobs, "change_batch", die_in_the_second)
    with pytest.raises(SystemExit):
        tasks.run_bulk_job(job.pk)
    assert (progress(page, job), made_done()) == (("running", 3, 5), 3)
    assert (run_job(job).state, job.changed, job.left, made_done()) == ("done", 8, 0, 8)
    assert calls == [3, 3, 3, 2]
    check_threads(now())


@pytest.mark.django_db(transaction=True)
def test_a_job_that_runs_twice_at_once_changes_each_thread_once(page, job, monkeypatch):
    def run(_) -> None:
        try:
            tasks.run_bulk_job(job.pk)
        finally:
            connection.close()

    find = bulk_jobs.find_candidates

    def find_at_once(*arguments):
        found = find(*arguments)
        with suppress(BrokenBarrierError):
            barrier.wait(1)
        return found

    barrier = Barrier(2)
    monkeypatch.setattr(bulk_jobs, "find_candidates", find_at_once)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(run, range(2)))
    job.refresh_from_db()
    assert (job.state, job.changed, job.left, made_done()) == ("done", 8, 0, 8)


def test_threads_that_another_worker_has_changed_meanwhile_are_not_changed_again(job, monkeypatch):
    find = bulk_jobs.find_candidates

    def find_then_lose(*arguments):
        found = find(*arguments)
        monkeypatch.setattr(bulk_jobs, "find_candidates", find)
        bulk_jobs.run_slice(job.pk, now(), timedelta(0))
        decide([one.id for one in found], "open", now())  # by a person
        return found

    monkeypatch.setattr(bulk_jobs, "find_candidates", find_then_lose)
    assert (run_job(job).state, job.changed, job.left) == ("done", 8, 3)


def test_a_job_whose_message_was_lost_is_requested_again_each_half_minute(job, bulk_messages, monkeypatch):
    bulk_messages.clear()
    later = [job.created_at + seconds * SECOND for seconds in (10, 31, 40, 62)]
    counts = []
    for moment in later:
        monkeypatch.setattr(tasks, "now", lambda moment=moment: moment)
        tasks.resume_bulk_jobs()
        counts.append(len(bulk_messages))
    assert (counts, set(bulk_messages)) == (
        [0, 1, 1, 2],
        {(tasks.run_bulk_job.name, job.pk, f"bulk job {job.pk}")},
    )


def test_without_a_broker_a_job_is_stored_and_started_later(page, profiles, small_batches, monkeypatch):
    send(profiles[0], *comments("c", 6))
    monkeypatch.setattr(dispatch, "guarded_client", unreachable)
    job = started(page, filter={}, set=DONE)
    sent = []
    monkeypatch.setattr(bulk_jobs, "send", lambda task, *ids, dedup_key: sent.append(ids))
    bulk_jobs.resume_stalled(now() + MINUTE)
    assert sent == [(job.pk,)]


def test_an_unexpected_error_ends_a_job_and_is_logged_by_a_reference(
    page, job, bulk_messages, monkeypatch, caplog
):
    def fail(*_) -> int:
        raise ValueError("secret")

    run_job(job, 1)
    monkeypatch.setattr(bulk_jobs, "change_batch", fail)
    bulk_messages.clear()
    tasks.run_bulk_job(job.pk)
    shown = page.get(f"{BULK}{job.pk}/").json()
    [record] = [record for record in caplog.records if record.name == "interactions.threads.bulk_jobs"]
    reference = record.args[-1]
    assert (
        shown["error"]
        == f"An internal error occurred. If it persists, give an operator the reference {reference}."
    )
    assert (shown["state"], shown["changed"], bulk_messages, made_done()) == ("failed", 3, [], 3)


def test_a_lost_connection_leaves_a_job_running(job, monkeypatch):
    def fail(*_) -> int:
        raise OperationalError("the connection is lost")

    monkeypatch.setattr(bulk_jobs, "change_batch", fail)
    with pytest.raises(OperationalError):
        tasks.run_bulk_job(job.pk)
    job.refresh_from_db()
    assert job.state == "running"


def test_a_job_fails_when_its_snooze_has_ended_or_labels_have_no_place(
    page, profiles, bulk_messages, small_batches, monkeypatch
):
    send(profiles[0], *comments("c", 6))
    job = started(page, filter={}, set={"status": "snoozed", "snoozed_until": at(now() + HOUR)})
    assert not bulk_jobs.run_slice(job.pk, now() + 2 * HOUR, timedelta(0))
    assert (run_job(job).state, job.error) == ("failed", "The end of the snooze has passed.")
    job = started(page, filter={}, set={"labels": ["a"]})
    monkeypatch.setattr(labels, "MAX_LABELS", 0)
    Label.objects.all().delete()
    assert (run_job(job).state, job.error) == (
        "failed",
        "A profile has as many labels in use as it may have.",
    )
    assert {seen[0] for seen in visible().values()} == {"open"}


def test_a_job_of_a_deleted_user_is_deleted_and_its_message_does_nothing(job, alice, bobs):
    run_job(job, 1)
    removal.remove_user(alice)
    assert BulkJob.objects.count() == 0
    tasks.run_bulk_job(job.pk)
    assert set(Thread.objects.values_list("profile", flat=True)) == {bobs.pk}


def test_a_job_of_a_user_that_a_process_of_the_release_before_deletes_is_deleted(alice):
    BulkJob.objects.start(alice, NOW, until=NOW, left=1_001, filters={}, change=DONE)
    with connection.cursor() as cursor:  # which does not know the table
        cursor.execute("DELETE FROM accounts_user")
    assert BulkJob.objects.count() == 0


def test_a_job_ends_when_the_demo_is_disabled_meanwhile(page, alice, bulk_messages, small_batches):
    demo_of(alice)
    job = started(page, filter={"is_demo": True}, set={"status": "archived"})
    run_job(job, 1)
    transitions.disable(alice, request_worker=False)
    run_to_completion(alice)
    assert (run_job(job).state, job.changed, job.left) == ("done", 3, 0)
    assert Thread.objects.count() == 0


def unreachable():
    raise redis.ConnectionError
