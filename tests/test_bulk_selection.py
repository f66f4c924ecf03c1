"""Which threads a bulk change selects."""

from dataclasses import fields
from urllib.parse import parse_qsl

import pytest
from django.db import transaction

from interactions import tasks
from interactions.api.bulk_serializers import ThreadFilterSerializer
from interactions.api.filters import ThreadFilterSet
from interactions.clock import now
from interactions.models import BulkJob, Decision, Label, Thread
from interactions.models.thread_lists import ThreadFilters
from interactions.threads import bulk
from interactions.threads.decisions import mark_read
from tests.bulk_threads import MINUTE, UNTIL, changed, comments, everything, ids_of, post, visible
from tests.expected_threads import check_threads
from tests.thread_filters import every_filter, matches
from tests.world import DAY, HOUR, NOW, at, event, send


def test_every_filter_selects_the_threads_of_the_list(page, live, threads_in_every_state, bulk_messages):
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
        "1 id names no" if len(others) == 1 else f"{len(others)} ids name no"
    )
    assert everything() == before
    assert changed(page, ids=mine, set={"status": "done"}) == 2


def test_of_many_missing_ids_the_first_hundred_are_named(page, profiles):
    answer = post(page, ids=list(range(10_000, 10_500)), set={"status": "done"})
    assert (answer.status_code, answer.json()["missing"]) == (404, list(range(10_000, 10_100)))
    assert answer.json()["detail"].startswith("500 ids name no thread of yours")


def test_a_filter_names_no_threads_of_others(page, bobs):
    before = everything()
    change = {"status": "done", "add_labels": ["x"]}
    assert changed(page, filter={}, set=change) == 0
    assert changed(page, filter={"profile": bobs.pk}, set=change) == 0
    assert everything() == before
