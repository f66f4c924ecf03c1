"""Who may do what on the inbox's pages, for every route of them: log-in, the token against forged forms, other users, methods."""

import re
from collections.abc import Iterator
from itertools import chain

import pytest
from django.db import transaction
from django.test import Client

from accounts.models import User
from interactions.models import BlockedAuthor, BulkJob, Moderation, SavedView
from interactions.pages.restoring import serialize_states
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
        ("{thread}/write/", {"text": "a reply", "mode": "reply"}, 404),
        ("{thread}/write/", {"text": "a note", "mode": "note"}, 404),
    ],
    "inbox-block": [("{thread}/block/", {"block": "{row}"}, 404)],
    "inbox-row": [(f"rows/{{row}}/{one}/", {}, 404) for one in ("hide", "delete")]
    + [(f"rows/{{hidden}}/{one}/", {}, 404) for one in ("unhide", "withdraw")],
    "inbox-bulk": [("bulk/", {"change": "done", "ids": "{thread}"}, 404)],
    "inbox-undo": [("undo/", {"restore": "{restore}"}, 200)],
    "inbox-job-cancel": [("jobs/{job}/cancel/", {}, 404)],
    "inbox-views": [("views/", {"name": "mine"}, 200)],
    "inbox-view-delete": [("views/{view}/delete/", {}, 200)],
}
ALL_FORMS = list(chain(*FORMS.values()))


@pytest.fixture
def ids(alice, profile) -> dict[str, object]:
    """What Alice has."""
    send(profile, comment("c1"), comment("c2", parent_id="c1"), message("m1"))
    one, done = thread("c1"), thread("talk")
    restore = serialize_states([done])
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


def each_form(ids: dict, place: str = "inbox") -> Iterator[tuple[str, dict[str, str], int]]:
    """Yield address, fields and code of every form. What the block does is rolled back."""
    for path, fields, code in ALL_FORMS:
        with transaction.atomic():
            sent = {name: value.format(**ids) for name, value in fields.items()}
            yield f"/{place}/{path.format(**ids)}", sent, code
            transaction.set_rollback(True)


def test_the_tables_of_this_file_have_every_route():
    names = {route.name for route in urlpatterns if (getattr(route, "name", "") or "").startswith("inbox-")}
    assert names == READS | FORMS.keys()


def test_every_form_changes_something(page, ids):
    before = stored()
    for address, sent, _ in each_form(ids):
        assert page.post(address, sent).status_code == 302, address
        assert stored() != before, address


def test_a_get_of_a_forms_address_changes_nothing_and_shows_the_page(page, ids):
    before, thread_page = stored(), f"/inbox/{ids['thread']}/"
    for address, sent, _ in each_form(ids):
        for headers in ({}, htmx(page, "thread")):
            answer = page.get(address + "?status=all", sent, headers=headers)
            shown = thread_page if address.startswith(thread_page) else "/inbox/"
            assert (answer.status_code, answer.headers["Location"].partition("?")[0]) == (302, shown)
        for method in ("put", "patch", "delete", "head"):
            assert getattr(page, method)(address).status_code == 405, address
        assert stored() == before, address


def test_the_page_after_a_log_in_keeps_its_filters(page, ids):
    for path in ("bulk/", f"{ids['thread']}/status/"):
        location = page.get(f"/inbox/{path}?status=all&label=a").headers["Location"]
        assert location.endswith("?status=all&label=a")


def test_without_the_token_of_the_page_a_form_changes_nothing(alice, ids):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(alice)
    before = stored()
    for address, sent, _ in each_form(ids):
        assert strict.post(address, sent).status_code == 403, address
        assert strict.post(address, sent, headers=htmx(strict)).headers.get("HX-Refresh") == "true", address
        assert stored() == before, address
    token = re.search(r'"x-csrftoken": "(\w+)"', strict.get("/inbox/").content.decode())[1]
    for address, sent, _ in each_form(ids):
        assert strict.post(address, sent, headers={"X-CSRFToken": token}).status_code == 302, address
        assert stored() != before, address


def test_after_the_log_out_a_form_changes_nothing(client, alice, ids):
    before, headers = stored(), {"HX-Request": "true", "X-User": str(alice.pk)}
    for address, sent, _ in each_form(ids):
        assert client.post(address, sent).headers["Location"].startswith("/login/?next="), address
        answer = client.post(address, sent, headers=headers)
        log_in = "/login?next=%2F&ended=1"
        assert (answer.headers.get("HX-Redirect"), answer.content, stored()) == (log_in, b"", before), address


def test_the_open_page_of_another_user_changes_nothing(client, alice, bob, ids):
    before, headers = stored(), {"HX-Request": "true", "X-User": str(alice.pk)}
    client.force_login(bob)
    for address, sent, _ in each_form(ids):
        answer = client.post(address, sent, headers=headers)
        assert (answer.headers.get("HX-Refresh"), answer.content, stored()) == ("true", b"", before), address


@pytest.mark.parametrize("place", ["inbox", "comments", "messages"])
def test_another_users_ids_are_404_or_have_no_effect(client, bob, ids, place):
    mine, before = SavedView.objects.filter(owner=bob), stored()
    client.force_login(bob)
    for address, sent, code in each_form(ids, place):
        answer = client.post(address, sent, headers=htmx(client, "thread"))
        assert answer.status_code == code, address
        mine.delete()
        assert stored() == before, address


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
    assert client.get(f"/inbox/jobs/{ids['job']}/", headers=htmx(client)).status_code == 404


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


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("{thread}/person/", "{thread}/"),
        ("{thread}/replies/", "{thread}/"),
        ("updates/", ""),
        ("jobs/{job}/", ""),
    ],
)
def test_a_browser_that_opens_a_fragment_is_led_to_its_page(client, alice, ids, path, place):
    client.force_login(alice)
    answer = client.get(f"/inbox/{path.format(**ids)}?status=all")
    assert answer.headers["Location"] == f"/inbox/{place.format(**ids)}?status=all"
