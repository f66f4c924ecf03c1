"""Jobs of bulk changes: when one is started, its progress, its cancellation and its end."""

from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from itertools import product

import pytest
from django.db import connection
from django.test import Client

from interactions import tasks
from interactions.clock import now
from interactions.models import BulkJob, Thread
from interactions.threads import bulk_jobs
from interactions.threads.decisions import decide
from tests.bulk_threads import (
    BULK,
    DONE,
    MINUTE,
    UNTIL,
    changed,
    comments,
    connect,
    made_done,
    post,
    progress,
    run_job,
    started,
    visible,
)
from tests.expected_threads import check_threads
from tests.lock_helpers import wait_for_locks
from tests.world import DAY, HOUR, NOW, SECOND, at, event, send


@pytest.mark.long
def test_more_than_a_thousand_are_changed_by_a_job_and_at_most_five_thousand(
    page, profiles, bobs, bulk_messages
):
    for profile, batch in product(profiles, range(3)):
        send(profile, *comments(f"{profile.handle}-{batch}-", 900, NOW - DAY - batch * 900 * MINUTE))
    few = at(NOW - DAY - 499 * MINUTE)
    assert changed(page, filter={"active_after": few}, set={"unread": False}) == 1_000
    assert post(page, filter={}, until=at(NOW), set={"status": "done"}).status_code == 202
    [(task, id, _)] = bulk_messages
    assert (task, page.get(f"{BULK}{id}/").json()["left"]) == (tasks.run_bulk_job.name, 5_400)
    while bulk_messages:
        tasks.run_bulk_job(bulk_messages.pop()[1])
    shown = page.get(f"{BULK}{id}/").json()
    assert [shown[name] for name in ("state", "changed", "left")] == ["done", 5_000, 400]
    mine = Thread.objects.filter(profile__in=profiles)
    oldest = mine.order_by("active_at", "id")[:400]
    assert {one.status for one in oldest} == {"open"}
    assert (made_done(), Thread.objects.filter(profile=bobs, status="done").count()) == (5_000, 0)
    assert changed(page, filter={}, set={"status": "done"}) == 400
    check_threads(now())


def test_the_progress_of_a_job_is_shown_to_its_owner_only(page, bob, job):
    listed = page.get(BULK).json()["results"]
    assert listed == [page.get(f"{BULK}{job.pk}/").json()]
    assert listed[0] == {
        "id": job.pk,
        "state": "running",
        "changed": 0,
        "left": 8,
        "error": "",
        "filter": {},
        "set": {"status": "done"},
        **{name: at(job.created_at).replace("+00:00", "Z") for name in ("until", "created_at", "updated_at")},
    }
    seen = []
    while run_job(job, 1).state == "running":
        seen.append(progress(page, job))
    assert seen == [("running", 3, 5), ("running", 6, 2), ("running", 8, 0)]
    assert (progress(page, job), made_done()) == (("done", 8, 0), 8)
    page.force_login(bob)
    assert page.get(BULK).json()["results"] == []
    assert page.get(f"{BULK}{job.pk}/").status_code == 404
    assert page.post(f"{BULK}{job.pk}/cancel/").status_code == 404


def test_a_job_is_stored_with_its_filters_and_change(page, profiles, bulk_messages, small_batches):
    send(profiles[0], *comments("c", 6), at=UNTIL)
    chosen = {"profile": profiles[0].pk, "unread": True, "active_before": at(NOW), "status": "open"}
    change = {"status": "snoozed", "snoozed_until": at(now() + HOUR), "unread": True, "add_labels": ["a"]}
    job = started(page, filter=chosen, until=at(UNTIL), set=change)
    shown = page.get(f"{BULK}{job.pk}/").json()
    assert (shown["filter"], shown["set"], shown["until"]) == (
        chosen,
        change,
        at(UNTIL).replace("+00:00", "Z"),
    )
    assert (run_job(job).state, job.changed) == ("done", 6)
    assert {seen[:1] + seen[2:] for seen in map(tuple, map(_hashable, visible().values()))} == {
        ("snoozed", True, ("a",))
    }
    check_threads(now())


def _hashable(seen: tuple) -> tuple:
    return (*seen[:3], tuple(seen[3]))


def test_a_job_goes_on_behind_the_threads_that_it_has_looked_at(page, job, profiles):
    """What changes there meanwhile is left, so that a job ends."""
    run_job(job, 1)
    newest = Thread.objects.filter(status="done").values_list("pk", flat=True)
    decide(list(newest), "open", now())
    send(profiles[0], event("comment.created", "new", at(NOW - HOUR)))
    assert (run_job(job).state, job.changed, job.left) == ("done", 8, 4)


def test_a_cancelled_job_changes_nothing_more_and_keeps_what_it_has_changed(page, job):
    run_job(job, 1)
    answers = [page.post(f"{BULK}{job.pk}/cancel/") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json() == page.get(f"{BULK}{job.pk}/").json()
    assert bulk_jobs.run_slice(job.pk, now(), timedelta(0)) is False
    assert (run_job(job).state, job.changed, job.left, made_done()) == ("cancelled", 3, 5, 3)


@pytest.mark.django_db(transaction=True)
def test_a_cancel_during_a_batch_is_answered_with_what_the_batch_has_changed(page, job, alice, monkeypatch):
    change_batch = bulk_jobs.change_batch

    def cancel() -> tuple:
        client = Client()
        client.force_login(alice)
        try:
            shown = client.post(f"{BULK}{job.pk}/cancel/").json()
            return shown["state"], shown["changed"], shown["left"]
        finally:
            connection.close()

    def cancel_meanwhile(*arguments) -> int:
        cancelled.append(pool.submit(cancel))
        wait_for_locks(1)
        return change_batch(*arguments)

    cancelled: list[Future] = []
    monkeypatch.setattr(bulk_jobs, "change_batch", cancel_meanwhile)
    with ThreadPoolExecutor(1) as pool:
        tasks.run_bulk_job(job.pk)
        assert cancelled[0].result() == progress(page, job) == ("cancelled", 3, 5)


def test_a_job_that_has_ended_is_not_cancelled(page, job):
    before = vars(run_job(job))
    assert page.post(f"{BULK}{job.pk}/cancel/").json()["state"] == "done"
    job.refresh_from_db()
    assert vars(job) == before


def test_a_user_has_one_running_job_and_few_threads_need_none(page, job, profiles):
    refused = post(page, filter={}, set={"status": "archived"})
    assert (refused.status_code, "cancel it" in refused.json()["hint"]) == (409, True)
    some = {"active_before": at(NOW - 2 * DAY - 2 * MINUTE)}
    assert changed(page, filter=some, set={"status": "archived"}) == 2
    run_job(job)
    assert post(page, filter={}, set={"status": "archived"}).status_code == 202


@pytest.mark.django_db(transaction=True)
def test_of_simultaneous_requests_one_starts_a_job(alice, monkeypatch, small_batches):
    monkeypatch.setattr(bulk_jobs, "send", lambda *_, dedup_key: None)
    send(connect(alice, "brand"), *comments("c", 6))

    def request(_) -> int:
        client = Client()
        client.force_login(alice)
        try:
            return post(client, filter={}, set=DONE).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        codes = sorted(pool.map(request, range(4)))
    assert (codes.count(202), set(codes) <= {202, 409, 429}, BulkJob.objects.count()) == (1, True, 1)


def test_a_slice_ends_after_its_time_and_asks_for_the_next(job, bulk_messages, monkeypatch):
    monkeypatch.setattr(tasks, "MAX_BULK_TIME", timedelta(0))
    bulk_messages.clear()
    numbers = []
    for _ in range(4):
        tasks.run_bulk_job(job.pk)
        numbers.append(len(bulk_messages))
    job.refresh_from_db()
    assert (numbers, set(bulk_messages)) == (
        [1, 2, 3, 3],
        {(tasks.run_bulk_job.name, job.pk, f"bulk job {job.pk}")},
    )
    assert (job.state, job.changed) == ("done", 8)


def test_a_job_ends_within_a_day_and_is_deleted_a_day_later(job, bulk_messages):
    bulk_jobs.resume_stalled(job.created_at + DAY - SECOND)
    assert run_job(job, 0).state == "running"
    bulk_messages.clear()
    end = job.created_at + DAY + SECOND
    bulk_jobs.resume_stalled(end)
    assert (run_job(job, 0).state, job.error[:30], bulk_messages) == (
        "failed",
        "It did not end within a day. S",
        [],
    )
    bulk_jobs.delete_finished(end + DAY)
    assert BulkJob.objects.count() == 1
    bulk_jobs.delete_finished(end + DAY + SECOND)
    assert BulkJob.objects.count() == 0
