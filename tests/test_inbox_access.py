"""Who may do what on the inbox's pages, for every route of them: log-in, the token against forged forms, other users, methods."""

import re

import pytest
from django.test import Client

from accounts.models import User
from interactions.models import BlockedAuthor, BulkJob, Moderation, SavedView
from interactions.pages.restoring import restore_text
from interactions.pages.urls import urlpatterns
from interactions.threads.decisions import decide
from tests.inbox_pages import htmx, read, toast, whole
from tests.thread_requests import everything, row
from tests.world import NOW, comment, message, send, thread

READS = {
    "inbox-thread",
    "inbox-older",
    "inbox-updates",
    "inbox-person",
    "inbox-replies",
    "inbox-text",
    "inbox-job",
}
# Of each route that changes something: the addresses, the fields, and the code for another user's ids.
FORMS: dict[str, list[tuple[str, dict[str, str], int]]] = {
    "inbox-status": [("{thread}/status/", {"status": "done"}, 404)],
    "inbox-unread": [("{thread}/unread/", {"unread": "0"}, 404)],
    "inbox-labels": [("{thread}/labels/", {"new": "mine"}, 404)],
    "inbox-write": [
        ("{thread}/write/", {"text": "a reply"}, 404),
        ("{thread}/write/", {"text": "a note", "mode": "note"}, 404),
    ],
    "inbox-block": [("{thread}/block/", {"blocked": "1"}, 404)],
    "inbox-row": [(f"rows/{{row}}/{one}/", {}, 404) for one in ("hide", "delete")]
    + [(f"rows/{{hidden}}/{one}/", {}, 404) for one in ("unhide", "withdraw")],
    "inbox-bulk": [("bulk/", {"change": "done", "ids": "{thread}"}, 404)],
    "inbox-undo": [("undo/", {"restore": "{restore}"}, 200)],
    "inbox-job-cancel": [("jobs/{job}/cancel/", {}, 404)],
    "inbox-views": [("views/", {"name": "mine"}, 200)],
    "inbox-view-delete": [("views/{view}/delete/", {}, 200)],
}
ALL_FORMS = [(*form, name) for name, forms in FORMS.items() for form in forms]
IDS = [f"{name} {path}" for path, _, _, name in ALL_FORMS]
each_form = pytest.mark.parametrize(("path", "fields", "code", "name"), ALL_FORMS, ids=IDS)


@pytest.fixture
def ids(alice, profile) -> dict[str, object]:
    """What Alice has."""
    send(profile, comment("c1"), comment("c2", parent_id="c1"), message("m1"))
    one, done = thread("c1"), thread("talk")
    restore = restore_text([done])
    decide([done.pk], "done", NOW)
    owner = Client()
    owner.force_login(alice)
    owner.post(f"/inbox/rows/{row('c2').pk}/hide/")
    job = BulkJob.objects.start(alice, NOW, until=NOW, left=1_001, filters={}, change={"status": "done"})
    view = SavedView.objects.store(alice, "waiting", "inbox", "")
    return {
        "thread": one.pk,
        "row": row("c1").pk,
        "hidden": row("c2").pk,
        "restore": restore,
        "job": job.pk,
        "view": view.pk,
    }


def stored() -> list:
    tables = (Moderation, BlockedAuthor, BulkJob, SavedView)
    return [*everything(), *(list(table.objects.order_by("pk").values()) for table in tables)]


def filled(fields: dict[str, str], ids: dict) -> dict[str, str]:
    return {name: value.format(**ids) for name, value in fields.items()}


def test_the_tables_of_this_file_have_every_route():
    names = {route.name for route in urlpatterns if (getattr(route, "name", "") or "").startswith("inbox-")}
    assert names == READS | FORMS.keys()


@each_form
def test_every_form_changes_something(page, ids, path, fields, code, name):
    before = stored()
    assert page.post(f"/inbox/{path.format(**ids)}", filled(fields, ids)).status_code == 302
    assert stored() != before


@each_form
def test_a_get_of_a_forms_address_changes_nothing_and_shows_the_page(page, ids, path, fields, code, name):
    before = stored()
    address = f"/inbox/{path.format(**ids)}"
    for headers in ({}, htmx(page, "thread")):
        answer = page.get(address + "?status=all", filled(fields, ids), headers=headers)
        shown = f"/inbox/{ids['thread']}/" if path.startswith("{thread}") else "/inbox/"
        assert (answer.status_code, answer.headers["Location"].partition("?")[0]) == (302, shown)
    for method in ("put", "patch", "delete", "head"):
        assert getattr(page, method)(address).status_code == 405
    assert stored() == before


def test_the_page_after_a_log_in_keeps_its_filters(page, ids):
    for path in ("bulk/", f"{ids['thread']}/status/"):
        location = page.get(f"/inbox/{path}?status=all&label=a").headers["Location"]
        assert location.endswith("?status=all&label=a")


@each_form
def test_without_the_token_of_the_page_a_form_changes_nothing(alice, ids, path, fields, code, name):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(alice)
    before = stored()
    address, sent = f"/inbox/{path.format(**ids)}", filled(fields, ids)
    assert strict.post(address, sent).status_code == 403
    assert strict.post(address, sent, headers=htmx(strict)).headers.get("HX-Refresh") == "true"
    assert stored() == before
    shown = strict.get("/inbox/").content.decode()
    token = re.search(r'"x-csrftoken": "(\w+)"', shown)[1]
    assert strict.post(address, sent, headers={"X-CSRFToken": token}).status_code == 302
    assert stored() != before


@each_form
def test_after_the_log_out_a_form_changes_nothing(client, alice, ids, path, fields, code, name):
    before = stored()
    address, sent = f"/inbox/{path.format(**ids)}", filled(fields, ids)
    assert client.post(address, sent).headers["Location"].startswith("/login/?next=")
    headers = {"HX-Request": "true", "X-User": str(alice.pk)}
    answer = client.post(address, sent, headers=headers)
    assert (answer.headers.get("HX-Refresh"), answer.content, stored()) == ("true", b"", before)


@each_form
def test_the_open_page_of_another_user_changes_nothing(client, alice, bob, ids, path, fields, code, name):
    before = stored()
    client.force_login(bob)
    headers = {"HX-Request": "true", "X-User": str(alice.pk)}
    answer = client.post(f"/inbox/{path.format(**ids)}", filled(fields, ids), headers=headers)
    assert (answer.headers.get("HX-Refresh"), answer.content, stored()) == ("true", b"", before)


@each_form
def test_another_users_ids_are_404_or_have_no_effect(client, alice, bob, ids, path, fields, code, name):
    mine, before = SavedView.objects.filter(owner=bob), stored()
    client.force_login(bob)
    for place in ("inbox", "comments", "messages"):
        answer = client.post(
            f"/{place}/{path.format(**ids)}", filled(fields, ids), headers=htmx(client, "thread")
        )
        assert answer.status_code == code
        mine.delete()
    assert stored() == before


@pytest.mark.parametrize(
    "path",
    [
        "{thread}/",
        "{thread}/person/",
        "{thread}/replies/",
        "rows/{row}/text/",
        "jobs/{job}/",
        "older/",
        "updates/",
        "",
    ],
)
def test_a_page_is_shown_to_its_user_only(client, alice, bob, ids, path):
    address = f"/inbox/{path.format(**ids)}"
    assert client.get(address).headers["Location"].startswith("/login/?next=")
    client.force_login(bob)
    headers = {"HX-Request": "true", "HX-Target": "thread"}
    answer = client.get(address, headers=headers | {"X-User": str(alice.pk)})
    assert (answer.headers.get("HX-Refresh"), answer.content) == ("true", b"")
    for sent in ({}, headers):
        answer = client.get(address, headers=sent)
        assert not any(
            text in answer.content.decode() for text in ("A Person", "a comment", "waiting", "@brand")
        )
    assert client.post(address).status_code == 405


def test_another_users_thread_is_as_one_that_does_not_exist(client, bob, ids):
    client.force_login(bob)
    theirs, none = (client.get(f"/inbox/{id}/") for id in (ids["thread"], 10**17))
    assert (theirs.status_code, none.status_code) == (404, 404)
    assert read(theirs, 404).one("#thread").text == read(none, 404).one("#thread").text
    assert client.get(f"/inbox/jobs/{ids['job']}/").status_code == 404


def test_the_sentence_about_another_users_row_does_not_name_it(client, bob, ids):
    client.force_login(bob)
    answer = client.post(f"/inbox/rows/{ids['row']}/hide/", headers=htmx(client, "thread"))
    assert toast(read(answer, 404)) == "This comment or message is gone: it was deleted meanwhile."


def test_saved_views_of_another_user_are_not_shown(client, bob, ids):
    client.force_login(bob)
    assert whole(client).all(".view") == []


def test_a_user_whose_account_was_deleted_is_asked_to_log_in(page, alice, ids):
    User.objects.filter(pk=alice.pk).delete()
    assert page.get("/inbox/").headers["Location"].startswith("/login/")
