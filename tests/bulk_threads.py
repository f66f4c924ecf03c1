"""Threads and jobs for the tests of bulk changes, and their requests. A plugin of `conftest.py`."""

from collections import Counter
from datetime import timedelta

import pytest
from django.test import Client

from accounts.models import Profile, User
from interactions.clock import now
from interactions.models import BulkJob, Decision, Label, Thread
from interactions.threads import bulk, bulk_jobs
from tests import thread_requests
from tests.thread_requests import JSON
from tests.world import DAY, NOW, at, event, send

BULK = "/api/v1/threads/bulk/"
MINUTE = timedelta(minutes=1)
UNTIL = NOW - DAY
DONE = {"status": "done"}


@pytest.fixture
def profiles(alice) -> list[Profile]:
    return [connect(alice, "brand"), connect(alice, "other")]


@pytest.fixture
def bobs(bob) -> Profile:
    """Bob's profile, with threads that no change of Alice's may touch."""
    profile = connect(bob, "bobs")
    send(profile, *comments("b", 5))
    return profile


@pytest.fixture
def bulk_messages(monkeypatch) -> list[tuple]:
    """The messages that were sent to workers, instead of sending them."""
    messages: list[tuple] = []
    monkeypatch.setattr(
        bulk_jobs, "send", lambda task, *ids, dedup_key: messages.append((task, *ids, dedup_key))
    )
    return messages


@pytest.fixture
def small_batches(monkeypatch) -> None:
    """A request changes 4 threads, a call 10, a transaction 3."""
    for module in (bulk, bulk_jobs):
        monkeypatch.setattr(module, "MAX_THREADS", 10)
        monkeypatch.setattr(module, "THREADS_PER_TRANSACTION", 3)
    monkeypatch.setattr(bulk_jobs, "MAX_IN_REQUEST", 4)


@pytest.fixture
def job(page, profiles, bobs, bulk_messages, small_batches) -> BulkJob:
    """A job that makes 8 threads of 2 profiles done, 3 in a batch."""
    for profile in profiles:
        send(profile, *comments(f"{profile.handle}-", 4))
    job = started(page, filter={}, set={"status": "done"})
    assert bulk_messages == [("interactions.tasks.run_bulk_job", job.pk, f"bulk job {job.pk}")]
    return job


def connect(owner: User, name: str) -> Profile:
    return Profile.objects.create(owner=owner, platform="facebook", platform_id=name, handle=name)


def comments(prefix: str, number: int, newest=NOW - 2 * DAY) -> list[dict]:
    """Comments that begin threads, from the newest on."""
    return [
        event("comment.created", f"{prefix}{place}", at(newest - place * MINUTE)) for place in range(number)
    ]


def post(client: Client, **body):
    return client.post(BULK, body, content_type=JSON)


def changed(client: Client, **body) -> int:
    """The number of threads that the call changed at once."""
    answer = post(client, **body)
    assert (answer.status_code, answer.json()["left"]) == (200, 0), answer.content
    return answer.json()["changed"]


def started(page, **body) -> BulkJob:
    answer = post(page, **body)
    assert (answer.status_code, answer.json()["state"]) == (202, "running"), answer.content
    return BulkJob.objects.get(pk=answer.json()["id"])


def ids_of(*profiles: Profile) -> list[int]:
    return list(Thread.objects.filter(profile__in=profiles).order_by("pk").values_list("pk", flat=True))


def everything() -> list:
    return [*thread_requests.everything(), list(BulkJob.objects.order_by("pk").values())]


def visible() -> dict[int, tuple]:
    """What people see of each thread."""
    names = dict(Label.objects.values_list("pk", "name"))
    return {
        one.pk: (one.status, one.snoozed_until, one.unread, sorted(names[id] for id in one.label_ids))
        for one in Thread.objects.all()
    }


def run_job(job: BulkJob, slices: int = 100) -> BulkJob:
    """Run slices of one batch each, until the job ends."""
    for _ in range(slices):
        if not bulk_jobs.run_slice(job.pk, now(), timedelta(0)):
            break
    job.refresh_from_db()
    return job


def made_done() -> int:
    """The number of threads that are done; each has been decided on once."""
    times = Counter(Decision.objects.values_list("thread", flat=True))
    assert set(times.values()) <= {1}
    assert set(times) == set(Thread.objects.filter(status="done").values_list("pk", flat=True))
    return len(times)


def progress(client: Client, job: BulkJob) -> tuple:
    shown = client.get(f"{BULK}{job.pk}/").json()
    return shown["state"], shown["changed"], shown["left"]
