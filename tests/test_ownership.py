"""Every route of the schema, called anonymously and by another user, shows and changes nothing of Alice's."""

import pytest
from django.db import connection, transaction
from drf_spectacular.generators import SchemaGenerator

from accounts.models import Profile
from accounts.tokens import create_token
from interactions.models import (
    BlockedAuthor,
    BulkJob,
    Content,
    InboxRule,
    Interaction,
    SavedReply,
    SavedView,
    Thread,
)
from interactions.pages.restoring import serialize_states
from interactions.threads.decisions import decide
from tests.world import NOW, demo_of, moderate, work_on

OPEN = {
    "POST /api/v1/auth/token/": 400,
    "POST /api/v1/webhooks/profiles/{uuid}/": 401,
    "GET /api/v1/schema/": 200,
}
SECRETS = ("live-1", "whsec", "alice")


def operations() -> list[str]:
    paths = SchemaGenerator().get_schema(request=None, public=True)["paths"]
    return [f"{method.upper()} {path}" for path, methods in paths.items() for method in methods]


def ask(client, operation: str, ids: dict[str, object], query: str = "", body: bytes = b"{}"):
    method, path = operation.split()
    for name, value in ids.items():
        path = path.replace(f"{{{name}}}", str(value))
    return client.generic(method, path + query, body, content_type="application/json")


@pytest.fixture
def ids(alice, live) -> dict[str, dict[str, object]]:
    """Return Alice's ids, by list."""
    demo_of(alice)
    moderate(Interaction.objects.filter(profile=live).first())
    saved = SavedReply.objects.store(alice, "alice's own", "alice's own", NOW)
    thread = Thread.objects.filter(profile=live).first()
    change = {"status": "done", "add_labels": ["alice's own"]}
    job = BulkJob.objects.start(alice, NOW, until=NOW, left=1_001, filters={}, change=change)
    work_on(thread)
    return {
        "profiles": {"id": live.pk, "uuid": live.uuid},
        "content": {"id": Content.objects.get(profile=live).pk},
        "interactions": {"id": Interaction.objects.filter(profile=live).first().pk},
        "saved-replies": {"id": saved.pk},
        "blocked-authors": {"id": BlockedAuthor.objects.get().pk},
        "inbox-rules": {"id": InboxRule.objects.get().pk},
        "threads": {"id": thread.pk},
        "threads/bulk": {"id": job.pk},
        "webhooks": {"uuid": live.uuid},
        "auth": {"id": create_token(alice, NOW)[:15]},
    }


def ids_for(operation: str, ids: dict) -> dict[str, object]:
    names = operation.split("/")[3:5]
    return ids.get("/".join(names)) or ids.get(names[0], {})


def everything() -> list[tuple]:
    """Return every row of Alice's, as PostgreSQL prints it."""
    rows = []
    with connection.cursor() as cursor:
        for table in (
            *("accounts_profile", "interactions_content", "interactions_interaction"),
            *("interactions_deadletter", "demo_storyevent", "interactions_pendingchange"),
            *("interactions_savedreply", "interactions_moderation", "interactions_blockedauthor"),
            *("interactions_inboxrule", "interactions_label", "interactions_thread"),
            *("interactions_note", "interactions_decision", "interactions_bulkjob", "interactions_savedview"),
        ):
            cursor.execute(f"SELECT t::text FROM {table} t ORDER BY id")
            rows += cursor.fetchall()
        cursor.execute(
            "SELECT a::text FROM demo_demoaccount a JOIN accounts_user u ON u.id = user_id WHERE username = 'alice'"
        )
        return rows + cursor.fetchall()


def test_an_anonymous_client_gets_401_and_changes_nothing(client, ids):
    before = everything()
    for operation in operations():
        answer = ask(client, operation, ids_for(operation, ids))
        assert answer.status_code == OPEN.get(operation, 401), operation
        assert everything() == before, operation


def test_another_user_sees_and_changes_nothing(client, ids, bob, broker_client):
    client.force_login(bob)
    before = everything()
    for operation in operations():
        with transaction.atomic():  # rolled back
            broker_client.flushdb()  # so many requests would exceed some rate limits
            answer = ask(client, operation, ids_for(operation, ids))
            assert answer.status_code == 404 or "{id}" not in operation, operation
            if operation != "GET /api/v1/schema/":
                assert not any(secret in answer.getvalue().decode() for secret in SECRETS), operation
            assert set(before) <= set(everything()), operation
            transaction.set_rollback(True)


def test_another_users_demo_is_403_by_name_and_unchanged(client, ids, bob, broker_client):
    client.force_login(bob)
    before = everything()
    for operation in [name for name in operations() if "/demo/" in name]:
        broker_client.flushdb()
        assert ask(client, operation, {}, "?user=alice").status_code == 403, operation
        if not operation.startswith("GET"):
            assert ask(client, operation, {}, body=b'{"user": "alice"}').status_code == 403, operation
        assert everything() == before, operation


def test_every_page_shows_only_the_users_own_rows(client, ids, bob):
    client.force_login(bob)
    paths = ["/", "/inbox/", "/comments/", "/messages/", "/inbox/?status=all", "/inbox/?search=comment"]
    paths += [
        "/comments/older/",
        "/inbox/updates/",
        "/content/",
        "/settings/",
        "/settings/demo/",
        "/demo/panel/",
    ]
    for path in paths:
        page = client.get(path).content.decode()
        assert not any(text in page for text in ("A Person", "live-1", "a comment", "a message"))
    assert Profile.objects.filter(owner=bob).count() == 0


PART = {"HX-Request": "true"}


@pytest.mark.parametrize("headers", [{}, PART | {"HX-Target": "thread"}])
def test_another_users_thread_is_not_shown(client, live, bob, headers):
    client.force_login(bob)
    for thread in Thread.objects.all():
        answer = client.get(f"/inbox/{thread.pk}/", headers=headers)
        shown = answer.content.decode()
        assert (answer.status_code, "This thread is gone" in shown) == (200 if headers else 404, True)
        assert not any(text in shown for text in ("A Person", "a comment", "a message", "a caption"))
        assert client.get(f"/inbox/{thread.pk}/person/", headers=headers).content == b""
        updates = client.get(
            f"/inbox/updates/?shown={thread.pk}:0&open={thread.pk}", headers=PART
        ).content.decode()
        assert f'<div id="row-{thread.pk}" hx-swap-oob="delete"></div>' in updates
        assert not any(text in updates for text in ("A Person", "a comment", "a message", "a caption"))


ACTIONS = [
    ("{thread}/status/", {"status": "done"}),
    ("{thread}/unread/", {"unread": "1"}),
    ("{thread}/labels/", {"new": "mine"}),
    ("{thread}/write/", {"text": "a reply", "mode": "reply"}),
    ("{thread}/write/", {"text": "a note", "mode": "note"}),
    ("{thread}/block/", {"block": "{row}"}),
    *((f"rows/{{row}}/{action}/", {}) for action in ("hide", "unhide", "delete", "withdraw")),
    ("bulk/", {"ids": "{thread}", "change": "done"}),
    ("bulk/", {"ids": "{thread}", "change": "label", "label": "mine"}),
    ("undo/", {"restore": "{restore}"}),
    ("views/{view}/delete/", {}),
    ("jobs/{job}/cancel/", {}),
]


@pytest.mark.parametrize("headers", [{}, PART])
def test_no_action_of_the_inbox_changes_another_users_rows(client, alice, live, bob, headers):
    row = Interaction.objects.get(platform_id="comment")
    view = SavedView.objects.store(alice, "waiting", "inbox", "status=open")
    job = BulkJob.objects.start(alice, NOW, until=NOW, left=1_001, filters={}, change={"status": "done"})
    restore = serialize_states(Thread.objects.filter(pk=row.thread_id))
    decide([row.thread_id], "done", NOW)
    ids = {"thread": row.thread_id, "row": row.pk, "view": view.pk, "job": job.pk, "restore": restore}
    before = everything()
    client.force_login(bob)
    for path, fields in ACTIONS:
        sent = {name: value.format(**ids) for name, value in fields.items()}
        answer = client.post(f"/inbox/{path.format(**ids)}", sent, headers=headers)
        assert answer.status_code < 500, path
        assert everything() == before, path
        assert not any(text in answer.content.decode() for text in ("A Person", "a comment", "waiting")), path
