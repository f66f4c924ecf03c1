"""A thread over REST: its rows, changes and notes."""

from datetime import timedelta

import pytest

from accounts.models import Profile
from interactions.clock import now
from interactions.models import Decision, Label, Note, Thread
from interactions.threads import labels, noting
from tests.expected_threads import check_threads
from tests.thread_requests import (
    JSON,
    LIST,
    change,
    everything,
    path_of,
    post,
    roots,
    row,
    shown,
    simultaneously,
)
from tests.world import BRAND, HOUR, NOW, SECOND, T, at, comment, event, message, send, thread

# A thread


def test_a_thread_has_its_visible_rows_oldest_first_page_by_page(page, profile):
    send(profile, *(message(f"m{number}", T[0] + number * SECOND) for number in range(9)))
    send(profile, event("message.deleted", "m0", at(T[1])))
    path = path_of("talk")
    first = page.get(f"{path}?page_size=3").json()
    assert (texts(first), first["previous"], first["root_ref"]) == (["m1", "m2", "m3"], None, "talk")
    second = page.get(first["next"]).json()
    third = page.get(second["next"]).json()
    assert [texts(second), texts(third), third["next"]] == [["m4", "m5", "m6"], ["m7", "m8"], None]
    assert page.get(third["previous"]).json()["interactions"] == second["interactions"]
    end = page.get(first["end"]).json()
    assert [texts(end), end["next"] is None] == [["m6", "m7", "m8"], False]
    assert page.get(end["next"]).json()["interactions"] == []
    assert texts(page.get(end["previous"]).json()) == ["m3", "m4", "m5"]
    [listed] = page.get(LIST).json()["results"]
    assert {name: first[name] for name in listed} == listed


def texts(body: dict) -> list[str]:
    return [one["platform_id"] for one in body["interactions"]]


def test_the_rows_of_a_thread_are_those_of_the_list_of_interactions(page, profile):
    send(profile, comment("c1"), comment("c2", T[1], parent_id="c1"), comment("other"))
    rows = page.get(path_of("c1")).json()["interactions"]
    assert rows == [page.get(f"/api/v1/interactions/{row(id).pk}/").json() for id in ("c1", "c2")]


def test_pages_of_a_thread_do_not_shift_while_rows_arrive(page, profile):
    send(profile, *(message(f"m{number}", T[1]) for number in range(6)))
    first = page.get(f"{path_of('talk')}?page_size=3").json()
    send(profile, message("old", T[0]), message("new", T[2]), message("equal", T[1]))
    second = page.get(first["next"]).json()
    assert texts(first) + texts(second) == [f"m{number}" for number in range(6)]
    assert texts(page.get(second["next"]).json()) == ["equal", "new"]
    assert texts(page.get(page.get(second["previous"]).json()["previous"]).json()) == ["old"]


def test_a_thread_has_the_newest_hundred_notes_and_decisions(page, profile):
    send(profile, comment("c1"))
    one = thread("c1")
    of_thread = {"profile": profile, "is_demo": False, "thread": one}
    times = [NOW + number * SECOND for number in range(103)]
    Note.objects.bulk_create(Note(text=str(time), created_at=time, **of_thread) for time in times)
    Decision.objects.bulk_create(Decision(status="open", at=time, **of_thread) for time in times)
    body = page.get(path_of("c1")).json()
    assert [note["created_at"] for note in body["notes"]] == [shown(time) for time in times[3:]]
    assert [made["at"] for made in body["decisions"]] == [shown(time) for time in times[3:]]
    assert body["notes"][0] == {
        "id": Note.objects.get(created_at=times[3]).pk,
        "author_name": "",
        "text": str(times[3]),
        "created_at": shown(times[3]),
    }


def test_the_query_count_of_a_thread_is_constant(page, profile, django_assert_num_queries):
    for size in (1, 40):
        send(profile, *(message(f"{size}-{number}") for number in range(size)))
        path = path_of("talk")
        post(page, f"{path}notes/", text="a note")
        with django_assert_num_queries(
            8
        ):  # session, user, thread, interactions, notes, decisions, rows, labels
            page.get(path)


# Whose


@pytest.mark.parametrize("whose", ["another user's", "invisible", "unknown"])
def test_every_route_of_such_a_thread_is_404_and_changes_nothing(page, profile, alice, bob, whose):
    send(profile, comment("c1"))
    id = thread("c1").pk
    if whose == "another user's":
        page.force_login(bob)
    elif whose == "invisible":
        send(profile, event("comment.deleted", "c1", at(NOW)))
    else:
        id = 10**17
    before = everything()
    path = f"{LIST}{id}/"
    answers = [
        page.get(path),
        page.head(path),
        page.patch(path, {"status": "done", "labels": ["mine"], "unread": False}, content_type=JSON),
        post(page, f"{path}reply/", text="hello"),
        post(page, f"{path}notes/", text="hello"),
    ]
    assert [answer.status_code for answer in answers] == [404] * 5
    assert page.get(f"{LIST}?profile={profile.pk}").json()["results"] == [] or whose == "unknown"
    assert everything() == before


@pytest.mark.parametrize(
    ("method", "action"), [("put", ""), ("post", ""), ("delete", ""), ("get", "reply/"), ("patch", "notes/")]
)
def test_other_methods_are_405(page, profile, method, action):
    send(profile, comment("c1"))
    assert getattr(page, method)(path_of("c1", action), {}, content_type=JSON).status_code == 405


# Changes


def test_a_repeated_decision_marks_as_read_what_was_marked_unread(page, profile):
    send(profile, comment("c1"))
    bodies = [
        change(page, "c1", **fields).json()
        for fields in ({"status": "done"}, {"unread": True}, {"status": "done"})
    ]
    assert [(body["status"], body["unread"]) for body in bodies] == [
        ("done", False),
        ("done", True),
        ("done", False),
    ]


def test_a_decision_on_what_was_shown_leaves_later_rows_open_and_unread(page, profile):
    send(profile, comment("c1"), at=NOW)
    send(profile, comment("c2", T[1], parent_id="c1"), at=NOW + SECOND)
    seen = change(page, "c1", status="done", covers=row("c1").pk).json()
    assert (seen["status"], seen["unread"]) == ("open", True)
    assert change(page, "c1", status="done", covers=row("c2").pk).json()["status"] == "done"
    check_threads(now())


@pytest.mark.parametrize("status", ["open", "new", "done", "archived"])
def test_a_status_covers_everything_and_is_read_unless_covers_is_sent(page, profile, status):
    send(profile, comment("c1"), comment("c2", T[1], parent_id="c1"))
    body = change(page, "c1", status=status).json()
    assert (body["status"], body["unread"]) == ("open" if status == "new" else status, False)
    assert page.get(path_of("c1")).json()["decisions"][0]["status"] == body["status"]
    check_threads(now())
    send(profile, comment("c3", T[2], parent_id="c1"), at=now())
    assert (thread("c1").status, thread("c1").unread) == ("open", True)


def test_a_snooze_has_an_end_and_another_status_removes_it(page, profile):
    send(profile, comment("c1"))
    end = now() + HOUR
    assert change(page, "c1", status="snoozed", snoozed_until=at(end)).json()["snoozed_until"] == shown(end)
    check_threads(now())
    assert change(page, "c1", status="open").json()["snoozed_until"] is None
    check_threads(now())


def test_unread_changes_alone_and_not_in_an_answered_thread(page, profile):
    send(profile, comment("c1"), comment("c2"), comment("a2", T[1], parent_id="c2", author=BRAND))
    for unread in (False, False, True, True):
        body = change(page, "c1", unread=unread).json()
        assert (body["unread"], body["status"]) == (unread, "open")
        check_threads(now())
    assert change(page, "c2", unread=True).json()["unread"] is False


def test_reading_what_was_shown_leaves_later_rows_unread(page, profile):
    send(profile, message("m1"), at=NOW)
    send(profile, message("m2", T[1]), at=NOW + SECOND)
    assert change(page, "talk", unread=False, covers=row("m1").pk).json()["unread"] is True
    assert change(page, "talk", unread=False, covers=row("m2").pk).json()["unread"] is False
    assert Decision.objects.count() == 0


def test_done_and_unread_can_be_sent_together(page, profile):
    send(profile, comment("c1"))
    body = change(page, "c1", status="done", unread=True).json()
    assert (body["status"], body["unread"]) == ("done", True)
    check_threads(now())


def test_labels_are_the_whole_list_and_differ_in_more_than_case(page, profile):
    send(profile, comment("c1"), message("m1"))
    assert change(page, "c1", labels=["  Urgent  case", "vip", "VIP", "Éclair"]).json()["labels"] == [
        "Urgent case",
        "vip",
        "Éclair",
    ]
    assert change(page, "talk", labels=["URGENT CASE", "éclair"]).json()["labels"] == [
        "Urgent case",
        "Éclair",
    ]
    assert Label.objects.count() == 3
    assert change(page, "c1", labels=[]).json()["labels"] == []
    assert [roots(page, f"label={name}") for name in ("vip", "urgent case")] == [[], ["talk"]]
    assert (thread("c1").status, Decision.objects.count()) == ("open", 0)


def test_a_repeated_change_changes_nothing(page, profile):
    send(profile, comment("c1"))
    end = at(now() + HOUR)
    for fields in (
        {"status": "done", "covers": row("c1").pk, "labels": ["b", "a"]},
        {"status": "snoozed", "snoozed_until": end, "unread": False},
        {"status": "archived", "unread": True},
        {"unread": False},
        {},
    ):
        first = change(page, "c1", **fields)
        before = Thread.objects.values().get() | {"read_at": None}, Decision.objects.count()
        again = change(page, "c1", **fields)
        assert (first.status_code, again.status_code, again.json()) == (200, 200, first.json())
        assert (Thread.objects.values().get() | {"read_at": None}, Decision.objects.count()) == before
    assert Label.objects.count() == 2


def test_a_repeated_decision_is_not_in_the_history_twice(page, profile):
    send(profile, comment("c1"))
    for status in ("done", "done", "open", "done", "done"):
        change(page, "c1", status=status)
    assert list(Decision.objects.order_by("pk").values_list("status", flat=True)) == ["done", "open", "done"]


def test_a_repeated_status_of_an_interaction_is_not_in_the_history_twice(page, profile):
    send(profile, comment("c1"))
    for status in ("done", "done", "open", "done"):
        answer = page.patch(f"/api/v1/interactions/{row('c1').pk}/", {"status": status}, JSON)
        assert answer.status_code == 200
    assert list(Decision.objects.order_by("pk").values_list("status", flat=True)) == ["done", "open", "done"]


YEAR = timedelta(days=366)


@pytest.mark.parametrize(
    ("fields", "field", "sentence"),
    [
        ({"status": "hidden"}, "status", '"hidden" is not a valid choice.'),
        (
            {"status": "snoozed"},
            "snoozed_until",
            "Send snoozed_until, the end of the snooze, with the status snoozed.",
        ),
        ({"snoozed_until": "{end}"}, "snoozed_until", "Send snoozed_until only with the status snoozed."),
        ({"status": "done", "snoozed_until": "{end}"}, "snoozed_until", "Send snoozed_until only with"),
        (
            {"status": "snoozed", "snoozed_until": "{past}"},
            "snoozed_until",
            "snoozed_until must be in the future.",
        ),
        (
            {"status": "snoozed", "snoozed_until": "{far}"},
            "snoozed_until",
            "snoozed_until must be at most 365 days",
        ),
        (
            {"status": "snoozed", "snoozed_until": "2026-01-31"},
            "snoozed_until",
            "Send a time with an offset such as",
        ),
        (
            {"status": "snoozed", "snoozed_until": None},
            "snoozed_until",
            "snoozed_until must be a string, not null.",
        ),
        ({"unread": "yes"}, "unread", "unread must be true or false, not a string."),
        ({"labels": "urgent"}, "labels", "labels must be a list, not a string."),
        ({"labels": [5]}, "labels", "Each of labels must be a string, not a number."),
        ({"labels": [""]}, "labels", ""),
        ({"labels": ["\u200b"]}, "labels", ""),
        ({"labels": ["a\nb"]}, "labels", ""),
        ({"labels": ["x" * 51]}, "labels", ""),
        ({"labels": [str(number) for number in range(21)]}, "labels", ""),
        ({"covers": 5}, "covers", "Send covers with status or unread."),
        (
            {"status": "done", "covers": "{other}"},
            "covers",
            "covers must be the id of an interaction of this thread",
        ),
        ({"status": "done", "covers": 2**63}, "covers", "Ensure this value is less than"),
        ({"id": 7}, "id", "There is no such field; there are status, snoozed_until, unread, labels, covers."),
    ],
)
def test_an_invalid_change_is_400_and_changes_nothing(page, profile, fields, field, sentence):
    send(profile, comment("c1"), message("m1"))
    values = {
        "{end}": at(now() + HOUR),
        "{past}": at(now()),
        "{far}": at(now() + YEAR),
        "{other}": row("m1").pk,
    }
    fields = {
        name: values.get(value, value) if isinstance(value, str) else value for name, value in fields.items()
    }
    before = everything()
    answer = change(page, "c1", **fields)
    errors = answer.json()["errors"]
    assert (answer.status_code, list(errors), sentence in str(errors)) == (400, [field], True), errors
    assert everything() == before


def test_a_profile_has_at_most_so_many_labels_and_unused_ones_make_place(page, profile, monkeypatch):
    monkeypatch.setattr(labels, "MAX_LABELS", 4)
    send(profile, comment("c1"), comment("c2"), comment("c3"))
    change(page, "c1", labels=["a", "b"])
    change(page, "c2", labels=["c", "d"])
    before = everything()
    refused = change(page, "c3", labels=["e"], status="done")
    assert (refused.status_code, "200 labels in use" in refused.json()["detail"]) == (409, True)
    assert everything() == before
    change(page, "c1", labels=[])
    assert change(page, "c3", labels=["A", "e"]).json()["labels"] == ["a", "e"]
    assert sorted(Label.objects.values_list("name", flat=True)) == ["a", "c", "d", "e"]


def test_labels_of_profiles_are_separate(page, profile, alice):
    other = Profile.objects.create(owner=alice, platform="x", platform_id="other", handle="other")
    send(profile, comment("c1"))
    send(other, message("m1"))
    change(page, "c1", labels=["urgent"])
    change(page, "talk", labels=["Urgent"])
    assert (roots(page, "label=URGENT"), Label.objects.count()) == (["talk", "c1"], 2)


@pytest.mark.django_db(transaction=True)
def test_simultaneous_changes_store_a_label_once(alice):
    profile = Profile.objects.create(owner=alice, platform="facebook", platform_id="brand", handle="brand")
    send(profile, *(comment(f"c{number}") for number in range(4)))
    answers = simultaneously(
        alice, [profile.pk], *(lambda client, n=n: change(client, f"c{n}", labels=["new"]) for n in range(4))
    )
    assert ([answer.status_code for answer in answers], Label.objects.count()) == ([200] * 4, 1)


# Notes


def test_a_note_is_stored_and_shown_with_its_thread(page, profile):
    send(profile, comment("c1"))
    answer = post(page, path_of("c1", "notes"), text="Ask the \U0001f33f team.\nToday.")
    assert (answer.status_code, answer.json()["text"]) == (201, "Ask the \U0001f33f team.\nToday.")
    assert page.get(path_of("c1")).json()["notes"] == [answer.json()]
    assert (thread("c1").unread, thread("c1").last_ref) == (True, "c1")


@pytest.mark.parametrize("text", ["", " \n", "\u2800", "x" * 10_001, "a\x00b", None, 5])
def test_an_invalid_note_is_400_and_stores_nothing(page, profile, text):
    send(profile, comment("c1"))
    answer = post(page, path_of("c1", "notes/"), text=text)
    assert (answer.status_code, list(answer.json()["errors"]), Note.objects.count()) == (400, ["text"], 0)


def test_a_thread_has_at_most_so_many_notes(page, profile, monkeypatch):
    monkeypatch.setattr(noting, "MAX_NOTES", 2)
    send(profile, comment("c1"), message("m1"))
    codes = [post(page, path_of("c1", "notes/"), text="a note").status_code for _ in range(3)]
    assert (codes, post(page, path_of("talk", "notes/"), text="a note").status_code) == ([201, 201, 409], 201)


def test_the_query_counts_of_changes_are_constant(page, profile, django_assert_num_queries):
    send(profile, comment("c1"))
    change(page, "c1", labels=["a", "b", "c"])
    path, covers = path_of("c1"), row("c1").pk
    for number, status in enumerate(("done", "open")):
        # Session, user, thread, time, savepoint, lock, thread, covered row, labels, three for the decision, two for unread,
        # savepoint, thread, rows, labels.
        with django_assert_num_queries(19):
            fields = {
                "status": status,
                "covers": covers,
                "labels": [["b"], ["a", "c"]][number],
                "unread": True,
            }
            assert page.patch(path, fields, content_type=JSON).status_code == 200
        with django_assert_num_queries(
            10
        ):  # session, user, thread, time, savepoint, lock, thread, count, note, savepoint
            post(page, f"{path}notes/", text="a note")
        send(profile, *(comment(f"{number}-{other}", parent_id="c1") for other in range(20)))
