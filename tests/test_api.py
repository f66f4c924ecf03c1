"""The API's routes of tokens, rows and health."""

from datetime import timedelta

import pytest
from django.db import InterfaceError
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from accounts.models import Profile
from interactions.api.serializers import InteractionSerializer
from interactions.models import Content, Interaction
from tests.world import NOW, demo_of, event, send

JSON = "application/json"


def test_a_token_is_issued_for_a_password_and_accepted(client, alice):
    alice.set_password("a good password")
    alice.save()
    answer = client.post(
        "/api/v1/auth/token/", {"username": "alice", "password": "a good password"}, content_type=JSON
    )
    token = answer.json()["token"]
    assert client.get("/api/v1/demo", headers={"Authorization": f"Token {token}"}).json()["state"] == "off"
    assert client.get("/api/v1/demo", headers={"Authorization": "Token wrong"}).status_code == 401


def test_a_wrong_password_is_400_as_a_problem(client, alice):
    answer = client.post("/api/v1/auth/token", {"username": "alice", "password": "wrong"}, content_type=JSON)
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")


def test_lists_are_newest_first_and_paginated(page, alice):
    demo_of(alice, size="small")
    body = page.get("/api/v1/interactions/?type=comment&page_size=150").json()
    assert set(body) == {"next", "previous", "results"}
    rest = page.get(body["next"]).json()["results"]
    ids = [row["id"] for row in body["results"] + rest]
    assert ids == list(
        Interaction.objects.filter(type="comment").order_by("-posted_at", "-id").values_list("id", flat=True)
    )


def test_items_have_the_names_of_the_contract(page, live):
    send(live, event("comment.created", "reply", parent_id="comment"))
    row = page.get("/api/v1/interactions/").json()["results"][0]
    reply = Interaction.objects.get(platform_id="reply")
    assert row["author"] == {"id": "person-1", "handle": "person", "name": "A Person"}
    assert (row["profile"], row["content"], row["parent"], row["platform"]) == (
        live.id,
        reply.content_id,
        reply.parent_id,
        "instagram",
    )
    assert page.get(f"/api/v1/interactions/{reply.id}").json() == row


@pytest.mark.parametrize("path", ["profiles", "content", "interactions"])
def test_another_users_rows_do_not_exist(client, live, bob, path):
    client.force_login(bob)
    model = {"profiles": Profile, "content": Content, "interactions": Interaction}[path]
    assert client.get(f"/api/v1/{path}/").json()["results"] == []
    assert client.get(f"/api/v1/{path}/{model.objects.first().pk}/").status_code == 404
    assert (
        client.patch(
            f"/api/v1/interactions/{Interaction.objects.first().pk}/", {"status": "done"}, content_type=JSON
        ).status_code
        == 404
    )


def test_changing_a_status_changes_nothing_else(page, live):
    row = Interaction.objects.get(platform_id="comment")
    path = f"/api/v1/interactions/{row.pk}/"
    forged = page.patch(path, {"status": "done", "text": "forged", "is_demo": True}, content_type=JSON)
    row.refresh_from_db()
    assert (forged.status_code, row.status, row.text, row.is_demo) == (400, "open", "a comment", False)
    assert page.patch(path, {"status": "burnt"}, content_type=JSON).status_code == 400
    changed = page.patch(path, {"status": "done"}, content_type=JSON)
    row = Interaction.objects.get(pk=row.pk)
    assert (changed.status_code, changed.json()["status"], row.status) == (200, "done", "done")


@pytest.mark.parametrize(
    "path", ["content", "interactions?type=comment", "interactions?type=message", "profiles"]
)
def test_a_lists_query_count_is_constant(page, alice, live, path, django_assert_num_queries):
    with django_assert_num_queries(3):
        page.get(f"/api/v1/{path}")
    demo_of(alice)
    with django_assert_num_queries(3):
        page.get(f"/api/v1/{path}")


@pytest.mark.parametrize("path", ["/healthz", "/healthz/", "/metrics"])
def test_a_probe_with_a_session_does_not_read_the_database(page, path, django_assert_num_queries):
    with django_assert_num_queries(0):
        page.get(path)


def test_healthz_answers_and_readyz_names_the_failed_check(client, db):
    assert client.get("/healthz").json() == {"status": "ok"}
    ready = client.get("/readyz")
    assert (ready.status_code, ready.json()) == (
        503,
        {"status": "unavailable", "database": True, "broker": True, "beat": False, "delivery": True},
    )
    assert client.get("/metrics").status_code == 404


@pytest.mark.parametrize(
    ("seen", "code"),
    [
        (timedelta(0), 200),
        (-timedelta(seconds=119), 200),
        (-timedelta(seconds=121), 503),
        (timedelta(days=1), 503),
    ],
)
def test_readyz_needs_a_task_of_beat_within_two_minutes(client, db, seen, code):
    now = timezone.now()
    PeriodicTask.objects.filter(name="demo: sweep").update(last_run_at=now + seen)
    PeriodicTask.objects.filter(name="demo: weekly cleanup").update(last_run_at=now + timedelta(hours=1))
    assert client.get("/readyz").status_code == code


def test_readyz_fails_when_the_database_connection_is_lost(client, db, monkeypatch):
    def lost(*_):
        raise InterfaceError("the connection is closed")

    for function, missing in (("beat_seen_at", "beat"), ("connection.cursor", "database")):
        with monkeypatch.context() as patch:
            patch.setattr(f"config.health.{function}", lost)
            answer = client.get("/readyz")
        assert (answer.status_code, answer.json()[missing]) == (503, False)


def test_metrics_need_their_token(client, db, settings):
    settings.METRICS_TOKEN = "a token"
    for given in ("Bearer wrong", "a token", ""):
        assert client.get("/metrics", headers={"Authorization": given}).status_code == 404
    answer = client.get("/metrics", headers={"Authorization": "Bearer a token"})
    assert b"perennial_demo_accounts" in answer.content


@pytest.mark.parametrize(
    ("type", "code", "status"), [("comment.edited", 200, "done"), ("comment.deleted", 404, "done")]
)
def test_changes_that_arrive_while_a_status_is_changed_are_kept(page, live, monkeypatch, type, code, status):
    check = InteractionSerializer.is_valid

    def slow_check(serializer, **options):
        send(live, event(type, "comment", NOW.isoformat()))
        return check(serializer, **options)

    monkeypatch.setattr(InteractionSerializer, "is_valid", slow_check)
    row = Interaction.objects.get(platform_id="comment")
    answer = page.patch(f"/api/v1/interactions/{row.pk}/", {"status": "done"}, content_type=JSON)
    row.refresh_from_db()
    assert (answer.status_code, row.status) == (code, status)
    assert (row.text, row.deleted_at is None) == (("edited", True) if code == 200 else ("a comment", False))
