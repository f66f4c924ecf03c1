"""What a bulk change does to threads, by ids, by filters and by a job; what it leaves as it is."""

import pytest
from django.db import transaction

from accounts.models import Profile
from interactions import tasks
from interactions.clock import now
from interactions.models import Label, Thread
from interactions.models.choices import LabelAction
from interactions.models.thread_differences import Difference, LabelDifference
from interactions.models.thread_lists import ThreadFilters
from interactions.threads import bulk, bulk_jobs, labels
from interactions.threads.decisions import decide
from tests.bulk_threads import changed, comments, everything, ids_of, post, started, visible
from tests.expected_threads import check_threads
from tests.world import BRAND, DAY, HOUR, NOW, at, event, send

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


@pytest.mark.sample(5)
@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_a_change_is_that_of_each_thread_counts_those_that_differ_and_repeated_changes_nothing(
    page, profiles, bobs, bulk_messages, monkeypatch, change
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
