"""Saved replies over REST and in the admin: variables, limits, names, and whose they are."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from interactions.models import SavedReply, saved_replies
from interactions.saved_replies import InvalidSavedReply, parse, render
from tests.commands import run
from tests.lock_helpers import locked_elsewhere, wait_for_locks
from tests.world import NOW

JSON = "application/json"
PATH = "/api/v1/saved-replies/"
KNOWN = "There are {first_name}, {brand} and {handle}"


def create(client: Client, name: str = "Thanks", text: str = "Thank you!", **more):
    return client.post(PATH, {"name": name, "text": text} | more, content_type=JSON)


def change(client: Client, id: int, /, **fields):
    return client.patch(f"{PATH}{id}/", fields, content_type=JSON)


def names(client: Client) -> list[str]:
    return [row["name"] for row in client.get(PATH).json()["results"]]


def test_a_saved_reply_is_created_read_changed_and_deleted(page):
    created = create(page, text="Hi {first_name|there}!")
    row = created.json()
    assert (created.status_code, list(row)) == (201, ["id", "name", "text", "created_at", "updated_at"])
    assert (row["name"], row["text"], row["created_at"]) == (
        "Thanks",
        "Hi {first_name|there}!",
        row["updated_at"],
    )
    path = f"{PATH}{row['id']}"
    assert page.get(path).json() == row
    changed = change(page, row["id"], text="Bye")
    assert changed.status_code == 200
    assert changed.json() == row | {"text": "Bye", "updated_at": changed.json()["updated_at"]}
    assert changed.json()["updated_at"] > row["updated_at"]
    assert page.get(PATH).json() == {"next": None, "previous": None, "results": [changed.json()]}
    assert (page.delete(path).status_code, page.get(path).status_code, names(page)) == (204, 404, [])


def test_they_are_listed_newest_first_page_by_page(page):
    for number in range(5):
        create(page, f"reply {number}")
    first = page.get(f"{PATH}?page_size=3").json()
    second = page.get(first["next"]).json()
    shown = [[row["name"][-1] for row in one["results"]] for one in (first, second)]
    assert (shown, second["next"]) == ([["4", "3", "2"], ["1", "0"]], None)


def test_an_empty_change_changes_nothing(page):
    row = create(page).json()
    assert (change(page, row["id"]).status_code, change(page, row["id"]).json()) == (200, row)


def test_another_users_saved_replies_are_neither_listed_nor_found(page, alice, bob):
    row = create(page).json()
    page.force_login(bob)
    answers = [
        page.get(f"{PATH}{row['id']}/"),
        change(page, row["id"], text="stolen"),
        page.delete(f"{PATH}{row['id']}/"),
    ]
    assert [answer.status_code for answer in answers] == [404] * 3
    assert names(page) == []
    assert create(page, "Thanks").status_code == 201  # a name is unique for each user
    page.force_login(alice)
    assert page.get(f"{PATH}{row['id']}/").json() == row


@pytest.mark.parametrize(
    ("text", "rendered"),
    [
        ("Hi {first_name|there}, {brand} here. @{handle}", "Hi Ada, Fern & Co here. @ada"),
        ("{first_name}{brand}", "AdaFern & Co"),
        ("{{first_name}} {{}} }}{{", "{first_name} {} }{"),
        ("{{{first_name}}}", "{Ada}"),
        ("{first_name|a|b}", "Ada"),
        ("no variable | at all", "no variable | at all"),
        ("سلام {first_name|دوست} 🌿\nsecond line", "سلام Ada 🌿\nsecond line"),
    ],
)
def test_variables_are_replaced_by_their_values(page, text, rendered):
    assert create(page, text=text).status_code == 201
    stored = SavedReply.objects.get().text
    assert render(stored, {"first_name": "Ada", "brand": "Fern & Co", "handle": "ada"}) == rendered


@pytest.mark.parametrize("values", [{}, {"first_name": None}, {"first_name": ""}, {"first_name": " \t"}])
def test_the_fallback_is_written_when_the_value_is_not_known(values):
    text = "Hi {first_name|you | there}! {first_name}."
    assert render(text, values) == "Hi you | there! ."


def test_braces_in_a_value_are_no_variables():
    assert render("{brand|x} {handle|y}", {"brand": "{handle} {{", "handle": "}"}) == "{handle} {{ }"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("Hi {nickname}", "There is no variable {nickname}."),
        ("Hi {First_Name}", "There is no variable {First_Name}."),
        ("Hi { first_name }", "There is no variable { first_name }."),
        ("Hi {}", "There is no variable {}."),
        ("Hi {|there}", "There is no variable {|there}."),
        ("Hi {" + "x" * 9_000 + "}", "There is no variable {" + "x" * 50 + "}."),
        ("Hi {first_name|}", "{first_name|} has no text after the |."),
        ("Hi {first_name| }", "{first_name| } has no text after the |."),
        ("Hi {first_name", "The { after 3 characters belongs to no variable."),
        ("Hi first_name}", "The } after 13 characters belongs to no variable."),
        ("Hi {first_name|{handle}}", "The { after 3 characters belongs to no variable."),
        ("{{brand}", "The } after 7 characters belongs to no variable."),
        ("{brand}}", "The } after 7 characters belongs to no variable."),
    ],
)
def test_a_text_with_other_braces_is_refused_and_the_variables_are_named(page, text, sentence):
    row = create(page).json()
    for answer in (create(page, "Other", text), change(page, row["id"], text=text)):
        [error] = answer.json()["errors"]["text"]
        assert (answer.status_code, error.startswith(f"{sentence} {KNOWN}")) == (400, True), error
    assert page.get(PATH).json()["results"] == [row]


PIECES = st.sampled_from(
    ["{", "}", "{{", "}}", "|", "first_name", "brand", "{handle}", "{brand|x}", "a", " ", "é", "\n"]
)


@given(st.lists(PIECES, max_size=12).map("".join))
def test_any_text_is_parsed_or_refused_and_nothing_is_lost(text):
    """Written back, the parts are the text; without values only fallbacks and plain text are left."""
    try:
        parts = parse(text)
    except InvalidSavedReply:
        return
    written = [
        part.replace("{", "{{").replace("}", "}}")
        if isinstance(part, str)
        else "{" + part.name + ("" if part.fallback is None else f"|{part.fallback}") + "}"
        for part in parts
    ]
    assert "".join(written) == text
    left = [part if isinstance(part, str) else part.fallback or "" for part in parts]
    assert render(text, {}) == "".join(left)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": " \t"}, "name"),
        ({"name": "\u200b"}, "name"),
        ({"name": "two\nlines"}, "name"),
        ({"name": "x" * 81}, "name"),
        ({"name": "\x00"}, "name"),
        ({"name": None}, "name"),
        ({"name": 7}, "name"),
        ({"text": ""}, "text"),
        ({"text": " \n"}, "text"),
        ({"text": "\u2800"}, "text"),
        ({"text": "x" * 10_001}, "text"),
        ({"text": "a\x00b"}, "text"),
        ({"text": ["a"]}, "text"),
        ({"id": 5}, "id"),
        ({"created_at": "2026-03-01T00:00:00Z"}, "created_at"),
        ({"owner": 1}, "owner"),
    ],
)
def test_an_invalid_field_is_400_and_named(page, fields, field):
    row = create(page).json()
    for answer in (create(page, **{"name": "Other"} | fields), change(page, row["id"], **fields)):
        assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])
    assert page.get(PATH).json()["results"] == [row]


@pytest.mark.parametrize("missing", ["name", "text"])
def test_a_new_one_needs_both_name_and_text(page, missing):
    body = {"name": "Thanks", "text": "Thank you!"}
    del body[missing]
    answer = page.post(PATH, body, content_type=JSON)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [missing])


def test_the_longest_name_and_text_are_stored_in_any_script(page):
    text = "\U0001f33f" * 10_000  # in JSON twelve bytes each
    answer = page.post(PATH, json.dumps({"name": "ﬃ" * 80, "text": text}), content_type=JSON)
    assert (answer.status_code, answer.json()["name"], answer.json()["text"] == text) == (201, "ﬃ" * 80, True)


@pytest.mark.parametrize(
    ("first", "second"),
    [("Thanks", "thanks"), ("Éclair", "éclair"), ("Straße", "STRASSE"), ("two words", " two  words ")],
)
def test_a_name_is_unique_in_any_case_for_new_and_changed_ones(page, first, second):
    row, other = create(page, first).json(), create(page, "Other").json()
    for answer in (create(page, second), change(page, other["id"], name=second)):
        assert answer.status_code == 409
        assert answer.json()["detail"] == (
            "You have a saved reply of that name; upper and lower case do not count."
        )
    assert names(page) == ["Other", row["name"]]
    renamed = change(page, row["id"], name=second)
    assert (renamed.status_code, renamed.json()["name"]) == (200, " ".join(second.split()))
    assert create(page, first).status_code == 409


def test_a_name_is_free_again_once_its_reply_is_renamed_or_deleted(page):
    row = create(page).json()
    change(page, row["id"], name="Other")
    again = create(page)
    page.delete(f"{PATH}{again.json()['id']}/")
    assert (again.status_code, create(page).status_code) == (201, 201)


def test_a_user_has_at_most_a_hundred(page, alice, bob):
    keys = [f"reply {number}" for number in range(99)]
    SavedReply.objects.bulk_create(
        SavedReply(owner=alice, name=key, name_key=key, text="x", created_at=NOW, updated_at=NOW)
        for key in keys
    )
    assert [create(page, name).status_code for name in ("the last", "one more")] == [201, 409]
    assert "100 saved replies" in create(page, "one more").json()["detail"]
    row = SavedReply.objects.first()
    assert change(page, row.pk, text="still changes").status_code == 200
    page.delete(f"{PATH}{row.pk}/")
    assert create(page, "one more").status_code == 201
    page.force_login(bob)
    assert create(page).status_code == 201


@pytest.mark.django_db(transaction=True)
def test_simultaneous_requests_do_not_exceed_the_limit(alice, monkeypatch):
    monkeypatch.setattr(saved_replies, "MAX_REPLIES", 3)
    assert sorted(simultaneously(alice, [f"reply {number}" for number in range(8)])) == [201] * 3 + [409] * 5
    assert SavedReply.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_of_simultaneous_requests_with_one_name_one_is_stored(alice):
    assert sorted(simultaneously(alice, ["Thanks", "thanks"] * 4)) == [201] + [409] * 7
    assert SavedReply.objects.count() == 1


def simultaneously(user: User, sent: list[str]) -> list[int]:
    """Create saved replies of these names from as many threads; return the status codes."""

    def one(name: str) -> int:
        client = Client()
        client.force_login(user)
        try:
            return create(client, name).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(len(sent)) as pool:
        # All wait for the lock until each has begun.
        with locked_elsewhere(lambda: list(User.objects.select_for_update(no_key=True))):
            started = [pool.submit(one, name) for name in sent]
            wait_for_locks(len(sent))
        return [future.result() for future in started]


@pytest.mark.parametrize("deleted", ["before", "meanwhile"])
def test_a_change_of_a_deleted_one_is_404_and_creates_nothing(page, monkeypatch, deleted):
    row = create(page).json()

    def delete_first(*_, **values) -> None:
        SavedReply.objects.all().delete()
        return real(*_, **values)

    real = SavedReply.change
    if deleted == "before":
        SavedReply.objects.all().delete()
    monkeypatch.setattr(SavedReply, "change", delete_first)
    assert change(page, row["id"], text="late").status_code == 404
    assert SavedReply.objects.count() == 0
    with pytest.raises(SavedReply.DoesNotExist):
        real(SavedReply(pk=row["id"]), NOW, text="late")


def test_a_change_keeps_what_another_request_has_changed_meanwhile(page, monkeypatch):
    row = create(page).json()
    real = SavedReply.change

    def rename_first(self, now, **values) -> None:
        real(self, now - timedelta(seconds=1), name="Renamed")
        real(self, now, **values)

    monkeypatch.setattr(SavedReply, "change", rename_first)
    answer = change(page, row["id"], text="new text").json()
    assert (answer["name"], answer["text"]) == ("Renamed", "new text")


@pytest.mark.parametrize("method", ["put", "post"])
def test_other_methods_are_405(page, method):
    row = create(page).json()
    assert getattr(page, method)(f"{PATH}{row['id']}/", {}, content_type=JSON).status_code == 405
    assert page.delete(PATH).status_code == 405


@pytest.mark.parametrize("id", ["0", "999999", "9" * 19, "x", "-1", "1.5"])
def test_an_id_that_does_not_exist_is_404(page, id):
    for answer in (page.get(f"{PATH}{id}/"), page.delete(f"{PATH}{id}"), change(page, id, text="x")):
        assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")


def test_the_number_of_queries_is_constant(page, alice, django_assert_num_queries):
    row = create(page).json()
    for _ in range(2):
        with django_assert_num_queries(3):  # session, user, rows
            page.get(PATH)
        with django_assert_num_queries(8):  # session, user, time, savepoint, lock, count, row, savepoint
            create(page, "Another")
        with django_assert_num_queries(8):  # session, user, row, time, savepoint, row, savepoint, row
            change(page, row["id"], text="b")
        another = SavedReply.objects.get(name="Another").pk
        with django_assert_num_queries(4):  # session, user, row, row
            page.delete(f"{PATH}{another}/")
        create(page, "more")


def test_deleting_a_user_deletes_their_saved_replies_only(page, alice, bob):
    create(page)
    page.force_login(bob)
    create(page)
    run("delete_user", "--user", "alice", "--yes")
    assert list(SavedReply.objects.values_list("owner__username", flat=True)) == ["bob"]


def test_a_process_of_the_release_before_can_delete_a_user(page, alice):
    """It knows no saved replies, so the database deletes them."""
    create(page)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_admin_log; DELETE FROM knox_authtoken")
        cursor.execute("DELETE FROM accounts_user WHERE id = %s", [alice.pk])
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert SavedReply.objects.count() == 0


def test_the_admin_lists_and_shows_them_and_changes_none(operator, alice):
    row = SavedReply.objects.store(alice, "Thanks", "Hi {first_name|<b>there</b>}", NOW)
    shown = operator.get(reverse("admin:interactions_savedreply_changelist"), {"q": "alice"})
    assert ("Thanks" in shown.content.decode(), shown.context["cl"].result_count) == (True, 1)
    path = reverse("admin:interactions_savedreply_change", args=[row.pk])
    assert "Hi {first_name|&lt;b&gt;there&lt;/b&gt;}" in operator.get(path).content.decode()
    refused = [
        operator.post(path, {"name": "x", "text": "x"}),
        operator.post(reverse("admin:interactions_savedreply_delete", args=[row.pk]), {"post": "yes"}),
        operator.get(reverse("admin:interactions_savedreply_add")),
    ]
    assert [answer.status_code for answer in refused] == [403] * 3
    assert SavedReply.objects.get().name == "Thanks"


def test_staff_without_permission_do_not_see_them_in_the_admin(page, alice, bob):
    alice.is_staff = True
    alice.save()
    SavedReply.objects.store(bob, "Thanks", "Thank you!", NOW)
    assert page.get(reverse("admin:interactions_savedreply_changelist")).status_code == 403
