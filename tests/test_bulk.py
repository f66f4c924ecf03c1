"""Bulk changes of threads: by ids, by filters, and by jobs in the worker, which may be interrupted anywhere."""

from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import fields
from datetime import timedelta
from itertools import product
from threading import Barrier, BrokenBarrierError
from urllib.parse import parse_qsl

import pytest
import redis
from django.db import OperationalError, connection, transaction
from django.test import Client

from accounts.models import Profile, User
from demo.lifecycle import removal, transitions
from interactions import dispatch, tasks
from interactions.api.bulk_serializers import ThreadFilterSerializer
from interactions.api.filters import ThreadFilterSet
from interactions.api.throttling import BulkChanges
from interactions.clock import now
from interactions.models import BulkJob, Decision, Interaction, Label, Thread
from interactions.models.choices import LabelAction
from interactions.models.thread_differences import Difference, LabelDifference
from interactions.models.thread_lists import ThreadFilters
from interactions.threads import bulk, bulk_jobs, labels
from interactions.threads.decisions import decide, mark_read
from tests import thread_requests
from tests.expected_threads import check_threads
from tests.lock_helpers import wait_for_locks
from tests.test_scans import run_to_completion
from tests.thread_filters import every_filter, matches
from tests.thread_requests import JSON
from tests.world import DAY, HOUR, NOW, SECOND, at, demo_of, event, send

BULK = "/api/v1/threads/bulk/"
BRAND = {"id": "brand"}
MINUTE = timedelta(minutes=1)
UNTIL = NOW - DAY


def connect(owner: User, name: str) -> Profile:
    return Profile.objects.create(owner=owner, platform="facebook", platform_id=name, handle=name)


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
def sent(monkeypatch) -> list[tuple]:
    """The messages that were sent to workers, instead of sending them."""
    messages: list[tuple] = []
    monkeypatch.setattr(
        bulk_jobs, "send", lambda task, *ids, dedup_key: messages.append((task, *ids, dedup_key))
    )
    return messages


@pytest.fixture
def small(monkeypatch) -> None:
    """A request changes 4 threads, a call 10, a transaction 3."""
    for module in (bulk, bulk_jobs):
        monkeypatch.setattr(module, "MAX_THREADS", 10)
        monkeypatch.setattr(module, "THREADS_PER_TRANSACTION", 3)
    monkeypatch.setattr(bulk_jobs, "MAX_IN_REQUEST", 4)


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


def fill(profiles: list[Profile]) -> None:
    """Give each profile threads in every state, with and without the labels "a" and "b"."""
    for profile in profiles:
        send(profile, *comments(f"{profile.handle}-", 12))
        answered = {"parent_id": f"{profile.handle}-0", "author": {"id": profile.platform_id}}
        send(profile, event("comment.created", f"{profile.handle}-answer", at(NOW - DAY), **answered))
        of_profile = {"profile": profile, "is_demo": False}
        ids = ids_of(profile)
        for number, status in enumerate(("open", "done", "archived", "snoozed")):
            until = now() + DAY if status == "snoozed" else None
            decide(ids[2 + 2 * number : 4 + 2 * number], status, NOW, until=until)
        decide(ids[10:11], "snoozed", NOW - HOUR, until=NOW)
        made = [Label.objects.create(name=name, **of_profile).pk for name in ("a", "b")]
        Thread.objects.filter(pk__in=ids[::3]).update(label_ids=made)
        Thread.objects.filter(pk__in=ids[1::3]).update(label_ids=made[:1])
    tasks.refresh_threads()


# What is changed

CHANGES = [
    {"status": "open"},
    {"status": "new"},
    {"status": "done"},
    {"status": "archived", "unread": False},
    {"status": "snoozed", "snoozed_until": "{tomorrow}"},
    {"status": "done", "unread": True},
    {"unread": True},
    {"unread": False},
    {"labels": ["A", "c"]},
    {"labels": []},
    {"add_labels": ["b", "B", "new"]},
    {"remove_labels": ["A", "unknown"]},
    {"status": "done", "unread": True, "remove_labels": ["a"]},
    {"status": "open", "labels": ["b"]},
]


def wanted(change: dict, before: tuple, can_be_unread: bool) -> tuple:
    """What people see of a thread after the change; a plain recount."""
    status, until, unread, names = before
    if "status" in change:
        new = "open" if change["status"] == "new" else change["status"]
        until = change.get("snoozed_until")
        if (new, until) != (status, before[1]) or not change.get("unread"):
            unread = False
        status = new
    if "unread" in change:
        unread = (can_be_unread or unread) if change["unread"] else False
    if "labels" in change:
        names = [name.lower() for name in change["labels"]]
    names = {*names, *(name.lower() for name in change.get("add_labels", ()))}
    names -= {name.lower() for name in change.get("remove_labels", ())}
    return status, until, unread, sorted(names)


@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_a_change_is_that_of_each_thread_counts_those_that_differ_and_repeated_changes_nothing(
    page, profiles, bobs, sent, monkeypatch, change
):
    fill(profiles)
    mine, tomorrow, before = ids_of(*profiles), now() + DAY, visible()
    sent_change = {name: at(tomorrow) if value == "{tomorrow}" else value for name, value in change.items()}
    change = {name: tomorrow if value == "{tomorrow}" else value for name, value in change.items()}
    can_be_unread = {
        one.pk: bool(one.last_in_at and not (one.answered_at and one.answered_at > one.last_in_at))
        for one in Thread.objects.all()
    }
    expected = {
        id: wanted(change, seen, can_be_unread[id]) if id in mine else seen for id, seen in before.items()
    }
    for change_them in (
        lambda: changed(page, ids=mine, set=sent_change),
        lambda: changed(page, filter={}, set=sent_change),
        lambda: changed_by_job(page, monkeypatch, filter={}, set=sent_change),
    ):
        with transaction.atomic():  # rolled back
            assert change_them() == sum(before[id] != expected[id] for id in before) > 0
            assert visible() == expected
            check_threads(now())
            after = everything()
            assert changed(page, ids=mine, set=sent_change) == 0
            assert changed(page, filter={}, set=sent_change) == 0
            assert everything() == after
            transaction.set_rollback(True)


def changed_by_job(page, monkeypatch, **body) -> int:
    with monkeypatch.context() as patched:
        patched.setattr(bulk_jobs, "MAX_IN_REQUEST", 0)
        job = started(page, **body)
    tasks.run_bulk_job(job.pk)
    job.refresh_from_db()
    assert (job.state, job.left, job.error) == ("done", 0, "")
    return job.changed


def started(page, **body) -> BulkJob:
    answer = post(page, **body)
    assert (answer.status_code, answer.json()["state"]) == (202, "running"), answer.content
    return BulkJob.objects.get(pk=answer.json()["id"])


def test_a_thread_that_would_have_too_many_labels_is_left_as_it_is_and_not_counted(page, profiles):
    send(profiles[0], *comments("c", 3))
    full, almost, none = ids_of(profiles[0])
    changed(page, ids=[full], set={"labels": [str(number) for number in range(20)]})
    changed(page, ids=[almost], set={"labels": [str(number) for number in range(19)]})
    before = visible()[full]
    for body in ({"ids": [full, almost, none]}, {"filter": {}}):
        assert changed(page, **body, set={"add_labels": ["0", "new"], "status": "done"}) == (
            2 if "ids" in body else 0
        )
    assert visible()[full] == before
    assert [len(visible()[id][3]) for id in (almost, none)] == [20, 2]


def test_a_thread_with_too_many_labels_is_changed_if_it_gets_no_other(page, profiles):
    send(profiles[0], *comments("c", 1))
    [full] = ids_of(profiles[0])
    changed(page, ids=[full], set={"labels": [str(number) for number in range(20)]})
    of_a_rule = Label.objects.create(profile=profiles[0], is_demo=False, name="of a rule")
    one = Thread.objects.get(pk=full)
    Thread.objects.filter(pk=full).update(label_ids=[*one.label_ids, of_a_rule.pk])
    assert changed(page, ids=[full], set={"add_labels": ["0"], "status": "done"}) == 1
    assert (visible()[full][0], len(visible()[full][3])) == ("done", 21)


def test_labels_that_a_profile_has_no_place_for_are_409_and_change_nothing(page, profiles, monkeypatch):
    monkeypatch.setattr(labels, "MAX_LABELS", 2)
    monkeypatch.setattr(bulk, "THREADS_PER_TRANSACTION", 2)
    for profile in profiles:
        send(profile, *comments(f"{profile.handle}-", 3))
    changed(page, ids=ids_of(profiles[1]), set={"labels": ["a", "b"]})
    before = everything()
    answer = post(page, ids=ids_of(*profiles), set={"add_labels": ["c"], "status": "done"})
    assert (answer.status_code, "labels in use" in answer.json()["detail"]) == (409, True)
    assert everything() == before
    changed(page, ids=ids_of(profiles[1]), set={"remove_labels": ["b"]})
    assert changed(page, ids=ids_of(*profiles), set={"add_labels": ["c"], "status": "done"}) == 6


def test_an_answer_that_is_dated_later_keeps_threads_closed_so_they_are_not_changed(page, profiles):
    send(profiles[0], *comments("c", 1))
    answer = {"parent_id": "c0", "author": BRAND}
    send(profiles[0], event("comment.created", "a", at(now() + HOUR), **answer), at=now())
    until = at(now() + DAY)
    for change in ({"status": "open"}, {"status": "snoozed", "snoozed_until": at(now() + DAY)}):
        assert changed(page, ids=ids_of(profiles[0]), until=until, set=change) == 0
        assert changed(page, filter={}, until=until, set=change) == 0
    assert changed(page, filter={}, until=until, set={"status": "archived"}) == 1


def test_a_thread_that_changes_before_it_is_locked_is_changed_only_if_it_still_matches(
    page, profiles, monkeypatch
):
    send(profiles[0], *comments("c", 4), at=UNTIL)
    read, _, _, left = ids_of(profiles[0])
    lock = bulk.lock_profiles

    def lock_later(chosen) -> None:
        monkeypatch.setattr(bulk, "lock_profiles", lock)
        mark_read([read], now())
        send(profiles[0], event("comment.created", "new", at(UNTIL + HOUR), parent_id="c1"))
        send(profiles[0], event("comment.deleted", "c2", at(NOW)))
        lock(chosen)

    monkeypatch.setattr(bulk, "lock_profiles", lock_later)
    assert changed(page, filter={"unread": True}, until=at(UNTIL), set={"add_labels": ["seen"]}) == 1
    assert [id for id, seen in visible().items() if seen[3]] == [left]
    check_threads(now())


# Which threads


def test_every_filter_selects_the_threads_of_the_list(page, live, threads_in_every_state, sent):
    rows = Thread.objects.shown().select_related("profile").prefetch_related("rows")
    every, names = list(rows), dict(Label.objects.values_list("pk", "name"))
    kinds = {"unread": bool, "is_demo": bool, "profile": int, "content": int}
    for query, values in every_filter(live).items():
        sent_filter = {
            name: (value == "true" if kinds[name] is bool else int(value)) if name in kinds else value
            for name, value in parse_qsl(query)
        }
        expected = {one.pk for one in every if matches(one, names, **values)}
        with transaction.atomic():  # rolled back
            answer = post(page, filter=sent_filter, set={"add_labels": ["chosen"]})
            number = answer.json()["changed"]
            if answer.status_code == 202:
                tasks.run_bulk_job(answer.json()["id"])
                number = BulkJob.objects.get().changed
            chosen = list(Label.objects.filter(name="chosen").values_list("pk", flat=True))
            found = set(Thread.objects.filter(label_ids__overlap=chosen).values_list("pk", flat=True))
            assert (found, number) == (expected, len(expected)), query
            transaction.set_rollback(True)


def test_a_bulk_change_has_every_filter_of_the_list():
    names = set(ThreadFilterSet.base_filters)
    assert set(ThreadFilterSerializer().fields) == names
    assert {field.name for field in fields(ThreadFilters)} == names | {"difference"}


@pytest.mark.parametrize("by", ["ids", "filter"])
def test_what_was_active_after_until_is_left_as_it_is(page, profiles, by):
    send(profiles[0], *comments("c", 3, newest=UNTIL + MINUTE), at=UNTIL)
    later, same, _ = ids_of(profiles[0])
    body = {"ids": ids_of(profiles[0])} if by == "ids" else {"filter": {}}
    assert changed(page, **body, until=at(UNTIL), set={"status": "done"}) == 2
    assert [visible()[id][0] for id in (later, same)] == ["open", "done"]
    assert changed(page, **body, set={"status": "done"}) == 1


@pytest.mark.parametrize("by", ["ids", "filter"])
def test_a_thread_of_which_something_arrived_after_until_is_left_as_it_is(page, profiles, by):
    send(profiles[0], *comments("c", 2), at=UNTIL)
    late = event("comment.created", "late", at(NOW - 3 * DAY), parent_id="c1")
    send(profiles[0], late, at=UNTIL + MINUTE)
    seen, unseen = ids_of(profiles[0])
    body = {"ids": [seen, unseen]} if by == "ids" else {"filter": {}}
    assert changed(page, **body, until=at(UNTIL), set={"status": "done"}) == 1
    assert [visible()[id][0] for id in (seen, unseen)] == ["done", "open"]
    assert changed(page, **body, until=at(UNTIL + MINUTE), set={"status": "done"}) == 1


def test_until_is_the_time_of_the_request_if_it_is_missing(page, profiles):
    at_present = now()
    send(profiles[0], *comments("c", 2, newest=at_present + MINUTE / 2), at=at_present)
    assert changed(page, filter={}, set={"status": "done"}) == 1
    assert changed(page, ids=ids_of(profiles[0]), set={"unread": False, "status": "done"}) == 0


def test_an_id_that_is_sent_twice_counts_once(page, profiles):
    send(profiles[0], *comments("c", 2))
    [first, _] = ids_of(profiles[0])
    assert changed(page, ids=[first, first], set={"status": "done"}) == 1
    assert Decision.objects.count() == 1


@pytest.mark.parametrize("whose", ["another user's", "invisible", "unknown"])
def test_ids_of_other_threads_are_404_and_named_and_nothing_changes(page, profiles, bobs, whose):
    send(profiles[0], *comments("c", 3))
    send(profiles[0], event("comment.deleted", "c0", at(NOW)))
    invisible, *mine = ids_of(profiles[0])
    others = {"another user's": ids_of(bobs), "invisible": [invisible], "unknown": [10**17, 2**63 - 1]}[whose]
    before = everything()
    answer = post(page, ids=[*mine, *others[::-1]], set={"status": "done", "add_labels": ["x"]})
    assert (answer.status_code, answer.json()["missing"]) == (404, others)
    assert answer.json()["detail"].startswith(
        "1 id is not" if len(others) == 1 else f"{len(others)} ids are not"
    )
    assert everything() == before
    assert changed(page, ids=mine, set={"status": "done"}) == 2


def test_of_many_missing_ids_the_first_hundred_are_named(page, profiles):
    answer = post(page, ids=list(range(10_000, 10_500)), set={"status": "done"})
    assert (answer.status_code, answer.json()["missing"]) == (404, list(range(10_000, 10_100)))
    assert answer.json()["detail"].startswith("500 ids are not of threads of yours")


def test_a_filter_names_no_threads_of_others(page, bobs):
    before = everything()
    change = {"status": "done", "add_labels": ["x"]}
    assert changed(page, filter={}, set=change) == 0
    assert changed(page, filter={"profile": bobs.pk}, set=change) == 0
    assert everything() == before


DONE = {"status": "done"}


@pytest.mark.parametrize(
    ("body", "name", "sentence"),
    [
        ({"set": DONE}, None, "Send either ids or filter."),
        ({"ids": [1], "filter": {}, "set": DONE}, None, "Send either ids or filter."),
        ({"ids": [], "set": DONE}, "ids", "at least 1"),
        ({"ids": [1] * 5_001, "set": DONE}, "ids", "no more than 5000"),
        ({"ids": [0], "set": DONE}, "ids", "greater than or equal to 1"),
        ({"ids": [2**63], "set": DONE}, "ids", "less than or equal to"),
        ({"ids": ["1"], "set": DONE}, "ids", "Each of ids must be a whole number"),
        ({"ids": [True], "set": DONE}, "ids", "not true"),
        ({"ids": 1, "set": DONE}, "ids", "ids must be a list, not a number."),
        ({"ids": None, "set": DONE}, "ids", "not null"),
        ({"filter": None, "set": DONE}, "filter", "filter must be an object, not null."),
        ({"filter": [], "set": DONE}, "filter", "filter must be an object, not a list."),
        ({"filter": {"stauts": "open"}, "set": DONE}, "filter", "There is no such field; there are kind, platform"),
        ({"filter": {"cursor": "x"}, "set": DONE}, "filter", "There is no such field"),
        ({"filter": {"kind": "letter"}, "set": DONE}, "filter", "Select a valid choice"),
        ({"filter": {"status": "hidden"}, "set": DONE}, "filter", "Select a valid choice"),
        ({"filter": {"unread": "true"}, "set": DONE}, "filter", "unread must be true or false, not a string."),
        ({"filter": {"profile": "1"}, "set": DONE}, "filter", "profile must be a whole number, not a string."),
        ({"filter": {"profile": 10**20}, "set": DONE}, "filter", "Send a whole number of at most 20"),
        ({"filter": {"search": " "}, "set": DONE}, "filter", "search is empty"),
        ({"filter": {"label": ""}, "set": DONE}, "filter", "label is empty"),
        ({"filter": {"label": "\u200b"}, "set": DONE}, "filter", "label must be a name"),
        ({"filter": {"search": "x" * 101}, "set": DONE}, "filter", "search must have at most 100 characters"),
        ({"filter": {"search": "a\x00"}, "set": DONE}, "filter", "Null characters are not allowed."),
        ({"filter": {"active_after": "soon"}, "set": DONE}, "filter", "Send a day such as"),
        (
            {"filter": {"active_after": "2026-03-02", "active_before": "2026-03-01"}, "set": DONE},
            "filter",
            "active_after must be earlier",
        ),
        ({"filter": {}}, "set", "This field is required."),
        ({"filter": {}, "set": {}}, "set", "Send at least one of status, snoozed_until, unread"),
        ({"filter": {}, "set": None}, "set", "set must be an object, not null."),
        ({"filter": {}, "set": {"covers": 5}}, "set", "There is no such field"),
        ({"filter": {}, "set": {"status": "hidden"}}, "set", "is not a valid choice"),
        ({"filter": {}, "set": {"status": "snoozed"}}, "set", "Send snoozed_until, the end"),
        ({"filter": {}, "set": {"snoozed_until": "{end}"}}, "set", "Send snoozed_until only with"),
        ({"filter": {}, "set": {"status": "snoozed", "snoozed_until": "{past}"}}, "set", "must be in the future"),
        ({"ids": ["{id}"], "set": {"status": "snoozed", "snoozed_until": "{far}"}}, "set", "at most 365 days"),
        ({"filter": {}, "set": {"unread": 1}}, "set", "unread must be true or false, not a number."),
        ({"filter": {}, "set": {"labels": ["a"], "add_labels": ["b"]}}, "set", "Send only one of labels"),
        ({"filter": {}, "set": {"add_labels": []}}, "set", "at least 1"),
        ({"filter": {}, "set": {"remove_labels": ["x" * 51]}}, "set", ""),
        ({"filter": {}, "set": {"labels": [str(n) for n in range(21)]}}, "set", "no more than 20"),
        ({"filter": {}, "until": "2026-01-31", "set": DONE}, "until", "Send a time with an offset"),
        ({"filter": {}, "until": "{year 10000}", "set": DONE}, "until", "Send a time with an offset"),
        ({"filter": {}, "limit": 5, "set": DONE}, "limit", "there are ids, filter, until, set."),
    ],
)  # fmt: skip
def test_an_invalid_body_is_400_and_changes_nothing(page, profiles, body, name, sentence):
    send(profiles[0], *comments("c", 1))
    values = {
        "{end}": at(now() + HOUR),
        "{past}": at(now()),
        "{far}": at(now() + 366 * DAY),
        "{id}": ids_of(profiles[0])[0],
        "{year 10000}": "9999-12-31T23:59:59-01:00",
    }

    def replaced(value):
        if isinstance(value, dict):
            return {name: replaced(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [replaced(inner) for inner in value]
        return values.get(value, value) if isinstance(value, str) else value

    before = everything()
    answer = post(page, **replaced(body))
    errors = answer.json()["errors"]
    assert (answer.status_code, list(errors)) == (400, [name or "non_field_errors"]), errors
    assert sentence in answer.json()["detail"]
    assert everything() == before


def test_a_user_may_send_a_number_of_changes_within_a_minute(page, profiles, bob, monkeypatch):
    monkeypatch.setitem(BulkChanges.THROTTLE_RATES, "bulk", "2/min")
    codes = [post(page, filter={}, set=DONE).status_code for _ in range(3)]
    assert (codes, page.get(BULK).status_code) == ([200, 200, 429], 200)
    page.force_login(bob)
    assert post(page, filter={}, set=DONE).status_code == 200


def test_the_query_counts_do_not_depend_on_the_numbers_of_threads_and_profiles(
    page, alice, profiles, django_assert_num_queries
):
    change = {"status": "archived", "unread": True, "labels": ["a", "b"]}
    # Session, user, time; for ids the threads, for a filter labels and threads. Of the transaction: savepoint, lock, labels, new
    # labels, profiles, threads, three for the decision, two for unread, labels of the threads, savepoint.
    counts = {"ids": 3 + 1 + 13, "filter": 3 + 2 + 13}
    many = [*profiles, *(connect(alice, f"profile-{number}") for number in range(8))]
    for by, (chosen, each) in product(counts, ((profiles, 5), (many, 50))):
        for model in (Thread, Interaction, Label):
            model.objects.all().delete()
        for profile in chosen:
            send(profile, *comments(f"{profile.handle}-", each))
        body = {"ids": ids_of(*chosen)} if by == "ids" else {"filter": {}}
        with django_assert_num_queries(counts[by]):
            answer = post(page, **body, set=change)
        assert answer.json() == {"changed": each * len(chosen), "left": 0}


# Jobs


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


def test_more_than_a_thousand_are_changed_by_a_job_and_at_most_five_thousand(page, profiles, bobs, sent):
    for profile, batch in product(profiles, range(3)):
        send(profile, *comments(f"{profile.handle}-{batch}-", 900, NOW - DAY - batch * 900 * MINUTE))
    few = at(NOW - DAY - 499 * MINUTE)
    assert changed(page, filter={"active_after": few}, set={"unread": False}) == 1_000
    assert post(page, filter={}, until=at(NOW), set={"status": "done"}).status_code == 202
    [(task, id, _)] = sent
    assert (task, page.get(f"{BULK}{id}/").json()["left"]) == (tasks.run_bulk_job.name, 5_400)
    while sent:
        tasks.run_bulk_job(sent.pop()[1])
    shown = page.get(f"{BULK}{id}/").json()
    assert [shown[name] for name in ("state", "changed", "left")] == ["done", 5_000, 400]
    mine = Thread.objects.filter(profile__in=profiles)
    oldest = mine.order_by("active_at", "id")[:400]
    assert {one.status for one in oldest} == {"open"}
    assert (made_done(), Thread.objects.filter(profile=bobs, status="done").count()) == (5_000, 0)
    assert changed(page, filter={}, set={"status": "done"}) == 400
    check_threads(now())


@pytest.fixture
def job(page, profiles, bobs, sent, small) -> BulkJob:
    """A job that makes 8 threads of 2 profiles done, 3 in a batch."""
    for profile in profiles:
        send(profile, *comments(f"{profile.handle}-", 4))
    job = started(page, filter={}, set={"status": "done"})
    assert sent == [("interactions.tasks.run_bulk_job", job.pk, f"bulk job {job.pk}")]
    return job


def progress(client: Client, job: BulkJob) -> tuple:
    shown = client.get(f"{BULK}{job.pk}/").json()
    return shown["state"], shown["changed"], shown["left"]


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


def test_a_job_is_stored_with_its_filters_and_change(page, profiles, sent, small):
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
def test_of_simultaneous_requests_one_starts_a_job(alice, monkeypatch, small):
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


def test_a_slice_ends_after_its_time_and_asks_for_the_next(job, sent, monkeypatch):
    monkeypatch.setattr(tasks, "MAX_BULK_TIME", timedelta(0))
    sent.clear()
    numbers = []
    for _ in range(4):
        tasks.run_bulk_job(job.pk)
        numbers.append(len(sent))
    job.refresh_from_db()
    assert (numbers, set(sent)) == ([1, 2, 3, 3], {(tasks.run_bulk_job.name, job.pk, f"bulk job {job.pk}")})
    assert (job.state, job.changed) == ("done", 8)


def test_a_job_whose_message_was_lost_is_requested_again_each_half_minute(job, sent, monkeypatch):
    sent.clear()
    later = [job.created_at + seconds * SECOND for seconds in (10, 31, 40, 62)]
    counts = []
    for moment in later:
        monkeypatch.setattr(tasks, "now", lambda moment=moment: moment)
        tasks.resume_bulk_jobs()
        counts.append(len(sent))
    assert (counts, set(sent)) == ([0, 1, 1, 2], {(tasks.run_bulk_job.name, job.pk, f"bulk job {job.pk}")})


def test_without_a_broker_a_job_is_stored_and_started_later(page, profiles, small, monkeypatch):
    send(profiles[0], *comments("c", 6))
    monkeypatch.setattr(dispatch, "guarded_client", unreachable)
    job = started(page, filter={}, set=DONE)
    sent = []
    monkeypatch.setattr(bulk_jobs, "send", lambda task, *ids, dedup_key: sent.append(ids))
    bulk_jobs.resume_stalled(now() + MINUTE)
    assert sent == [(job.pk,)]


def unreachable():
    raise redis.ConnectionError


def test_an_unexpected_error_ends_a_job_and_is_logged_by_a_reference(page, job, sent, monkeypatch, caplog):
    def fail(*_) -> int:
        raise ValueError("secret")

    run_job(job, 1)
    monkeypatch.setattr(bulk_jobs, "change_batch", fail)
    sent.clear()
    tasks.run_bulk_job(job.pk)
    shown = page.get(f"{BULK}{job.pk}/").json()
    [record] = [record for record in caplog.records if record.name == "interactions.threads.bulk_jobs"]
    reference = record.args[-1]
    assert (
        shown["error"]
        == f"An internal error occurred. If it persists, give an operator the reference {reference}."
    )
    assert (shown["state"], shown["changed"], sent, made_done()) == ("failed", 3, [], 3)


def test_a_lost_connection_leaves_a_job_running(job, monkeypatch):
    def fail(*_) -> int:
        raise OperationalError("the connection is lost")

    monkeypatch.setattr(bulk_jobs, "change_batch", fail)
    with pytest.raises(OperationalError):
        tasks.run_bulk_job(job.pk)
    job.refresh_from_db()
    assert job.state == "running"


def test_a_job_fails_when_its_snooze_has_ended_or_labels_have_no_place(
    page, profiles, sent, small, monkeypatch
):
    send(profiles[0], *comments("c", 6))
    job = started(page, filter={}, set={"status": "snoozed", "snoozed_until": at(now() + HOUR)})
    assert not bulk_jobs.run_slice(job.pk, now() + 2 * HOUR, timedelta(0))
    assert (run_job(job).state, job.error) == ("failed", "snoozed_until must be in the future.")
    job = started(page, filter={}, set={"labels": ["a"]})
    monkeypatch.setattr(labels, "MAX_LABELS", 0)
    Label.objects.all().delete()
    assert (run_job(job).state, job.error) == (
        "failed",
        "A profile has 200 labels in use, which is the maximum.",
    )
    assert {seen[0] for seen in visible().values()} == {"open"}


def test_a_job_ends_within_a_day_and_is_deleted_a_day_later(job, sent):
    bulk_jobs.resume_stalled(job.created_at + DAY - SECOND)
    assert run_job(job, 0).state == "running"
    sent.clear()
    end = job.created_at + DAY + SECOND
    bulk_jobs.resume_stalled(end)
    assert (run_job(job, 0).state, job.error[:30], sent) == ("failed", "It did not end within a day. S", [])
    bulk_jobs.delete_finished(end + DAY)
    assert BulkJob.objects.count() == 1
    bulk_jobs.delete_finished(end + DAY + SECOND)
    assert BulkJob.objects.count() == 0


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


def test_a_job_ends_when_the_demo_is_disabled_meanwhile(page, alice, sent, small):
    demo_of(alice)
    job = started(page, filter={"is_demo": True}, set={"status": "archived"})
    run_job(job, 1)
    transitions.disable(alice, request_worker=False)
    run_to_completion(alice)
    assert (run_job(job).state, job.changed, job.left) == ("done", 3, 0)
    assert Thread.objects.count() == 0


# What is read


@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_no_thread_that_a_change_alters_is_in_a_part_of_the_index_that_is_left_out(profiles, change):
    fill(profiles)
    known = tuple(Label.objects.filter(name="a").values_list("pk", flat=True))
    names = {
        "labels": LabelAction.REPLACE,
        "add_labels": LabelAction.ADD,
        "remove_labels": LabelAction.REMOVE,
    }
    change = {**change, "status": "open"} if change.get("status") == "new" else change
    [action] = [names[name] for name in change if name in names] or [None]
    difference = Difference(
        now(),
        change.get("status"),
        now() + DAY if "snoozed_until" in change else None,
        change.get("unread"),
        action and LabelDifference(action, (known,)),
    )
    altered = Thread.objects.filter(difference.condition()).values_list("status", "unread")
    assert altered
    assert all(difference.may_be_in(*part) for part in altered)


def test_parts_of_the_index_that_cannot_differ_are_left_out():
    def left_out(**change) -> set[tuple[str, bool]]:
        filters = ThreadFilters(kind="comment", difference=Difference(NOW, **change))
        every = {(status, unread) for _, status, unread in ThreadFilters(kind="comment").parts()}
        return every - {(status, unread) for _, status, unread in filters.parts()}

    statuses = Thread.Status.values
    assert left_out(status="done") == {("done", False)}
    assert left_out(status="done", unread=False) == {("done", False)}
    assert left_out(status="done", unread=True) == {("done", True)}
    assert left_out(status="snoozed", snoozed_until=NOW) == set()
    assert left_out(unread=True) == {(status, True) for status in statuses}
    assert left_out(unread=False) == {(status, False) for status in statuses}
