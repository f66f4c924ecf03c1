"""Pages are not cacheable, not shown to the next user, and whole when the browser's history restores them."""

import pytest
from django.contrib.auth.hashers import make_password

from accounts.models import User
from interactions.models import Thread
from tests.world import demo_of

PART = {"HX-Request": "true"}
RESTORED = PART | {"HX-History-Restore-Request": "true"}
PAGES = [
    *[
        "/",
        "/inbox/",
        "/comments/",
        "/messages/",
        "/content/",
        "/settings/",
        "/settings/demo/",
        "/demo/panel/",
    ]
]
PRIVATE = [
    *PAGES,
    *["/password/", "/admin/", "/admin/interactions/interaction/", "/nothing-here", "/demo/pause/"],
    *[
        "/api/v1/demo/",
        "/api/v1/interactions/",
        "/api/v1/profiles/",
        "/api/v1/saved-replies/",
        "/api/v1/blocked-authors/",
        "/api/v1/inbox-rules/",
        "/api/v1/threads/bulk/",
        "/api/v1/analytics/summary/",
    ],
    *["/api/v1/nothing-here", "/api/v1/interactions/999999/"],
]


def kept(answer) -> set[str]:
    """Return the directives of the answer's Cache-Control."""
    return {word.strip() for word in answer.headers.get("Cache-Control", "").split(",")}


def varies(answer) -> set[str]:
    return {word.strip() for word in answer.headers.get("Vary", "").split(",")}


@pytest.mark.parametrize("path", PRIVATE)
def test_a_users_pages_are_not_cacheable(page, alice, path):
    alice.is_staff = alice.is_superuser = True
    alice.save()
    assert {"private", "no-store"} <= kept(page.get(path))
    assert {"private", "no-store"} <= kept(page.get(path, headers=PART))


@pytest.mark.parametrize("path", ["/", "/login/", "/comments/", "/api/v1/demo/", "/admin/"])
def test_answers_to_anonymous_clients_are_not_cacheable(client, db, path):
    assert {"private", "no-store"} <= kept(client.get(path))


@pytest.mark.parametrize(
    "path", ["/logout/", "/settings/demo/", "/demo/pause/", "/password/", "/inbox/1/write/"]
)
def test_answers_to_forms_are_not_cacheable(page, path):
    assert {"private", "no-store"} <= kept(page.post(path))


@pytest.mark.parametrize("name", ["style.css", "live.js", "vendor/idiomorph-ext-0.8.0.min.js"])
def test_static_files_are_cacheable(client, db, name):
    answer = client.get(f"/static/perennial/{name}")
    answer.close()
    assert (answer.status_code, "no-store" in kept(answer)) == (200, False)


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("headers", [{}, PART, RESTORED])
def test_a_page_with_a_fragment_varies_by_the_htmx_headers(client, alice, path, headers):
    assert {"HX-Request", "HX-History-Restore-Request"} <= varies(client.get(path, headers=headers))
    client.force_login(alice)
    assert {"HX-Request", "HX-History-Restore-Request"} <= varies(client.get(path, headers=headers))


@pytest.mark.sample(4)
@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("headers", [{}, RESTORED])
def test_a_page_restored_from_the_history_is_a_whole_page(page, alice, path, headers):
    demo_of(alice, size="small")
    answer = page.get(path, headers=headers).content.decode()
    assert (answer.count("<html"), answer.count('<nav class="side"'), answer.count("/style.css")) == (1, 1, 1)


@pytest.mark.parametrize("path", PAGES)
def test_after_log_out_the_history_shows_the_log_in(client, db, path):
    answer = client.get(path, headers=RESTORED)
    assert answer.headers["Location"].startswith("/login/")


@pytest.mark.parametrize(
    ("path", "target", "mark"),
    [
        ("/comments/", "list", '<header class="list-head">'),
        ("/comments/{thread}/", "thread", '<article class="thread"'),
        ("/comments/{thread}/", "list", '<header class="list-head">'),
        ("/comments/older/", "", '<div class="row'),
        ("/comments/updates/", "", '<nav class="tabs"'),
        ("/comments/{thread}/person/", "person", '<div class="person-card">'),
        ("/demo/panel/", "", 'id="demo"'),
    ],
)
def test_a_fragment_is_not_a_whole_page(page, live, path, target, mark):
    path = path.format(thread=Thread.objects.get(root_ref="comment").pk)
    answer = page.get(path, headers=PART | {"HX-Target": target}).content.decode()
    assert (mark in answer, "<html" in answer) == (True, False)


@pytest.mark.parametrize("path", ["/demo/panel/", "/comments/", "/comments/updates/", "/comments/older/"])
def test_a_page_of_another_user_is_reloaded(page, alice, bob, path):
    assert f'"x-user": "{alice.pk}"' in page.get("/").content.decode()
    assert "HX-Refresh" not in page.get(path, headers=PART | {"X-User": str(alice.pk)}).headers
    page.force_login(bob)
    answer = page.get(path, headers=PART | {"X-User": str(alice.pk)})
    assert (answer.headers.get("HX-Refresh"), answer.content) == ("true", b"")


def test_a_message_for_one_user_is_not_shown_to_the_next(page, alice):
    User.objects.create(username="carol", password=make_password("carol's own"))
    page.post("/demo/pause/")  # is refused, with a message for the next page
    page.post("/logout/")
    page.post("/login/", {"username": "carol", "password": "carol's own"})
    shown = page.get("/").content.decode()
    assert ("carol" in shown, "only an active demo can be paused" in shown) == (True, False)


def test_htmx_stores_no_page_history(page):
    shown = page.get("/comments/").content.decode()
    assert ('"historyEnabled": false' in shown, '"historyCacheSize": 0' in shown) == (True, True)
