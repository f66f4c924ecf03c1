"""The webhook: signed batches in, exact answers out, and never a 5xx."""

import base64
import json
import logging
import time
import uuid

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Profile
from accounts.secrets import new_webhook_secret
from interactions.ingest import Arrival, ingest
from interactions.models import DeadLetter, Interaction
from interactions.signing import sign
from tests.world import NOW, event


def envelope(*events: object) -> bytes:
    return json.dumps({"type": "events", "timestamp": 1, "data": {"events": list(events)}}).encode()


def post(
    client,
    profile: Profile,
    body: bytes,
    *,
    secret: str | None = None,
    slash: str = "/",
    sent_at: int | None = None,
    **headers,
):
    at = int(time.time()) if sent_at is None else sent_at
    signed = sign(secret or profile.webhook_secret, "msg_1", at, body) | headers
    return client.post(
        f"/api/v1/webhooks/profiles/{profile.uuid}{slash}",
        body,
        content_type="application/json",
        headers=signed,
    )


@pytest.mark.parametrize("slash", ["", "/"])
def test_a_signed_batch_is_answered_event_by_event(client, live, slash):
    body = envelope(
        event("comment.created", "c1"),
        event("comment.created", "comment", "2020-01-01T00:00:00Z"),
        {"id": "bad"},
    )
    answer = post(client, live, body, slash=slash)
    assert answer.status_code == 200
    id = Interaction.objects.get(platform_id="c1").id
    old = Interaction.objects.get(platform_id="comment").id
    results = answer.json()["results"]
    assert [(r["platform_id"], r["id"], r["status"]) for r in results] == [
        ("c1", id, "created"),
        ("comment", old, "duplicate"),
        ("bad", None, "rejected"),
    ]
    assert {k: answer.json()[k] for k in ("created", "duplicates", "updated", "rejected")} == {
        "created": 1,
        "duplicates": 1,
        "updated": 0,
        "rejected": 1,
    }


def test_a_duplicate_batch_is_answered_200_and_logged_once(
    client, live, caplog, django_capture_on_commit_callbacks
):
    body = envelope(*(event("comment.created", f"c{n}") for n in range(3)))
    post(client, live, body)
    with (
        caplog.at_level(logging.INFO, "interactions.ingest"),
        django_capture_on_commit_callbacks(execute=True),
    ):
        answer = post(client, live, body)
    assert (answer.status_code, answer.json()["duplicates"]) == (200, 3)
    assert [r.message for r in caplog.records if r.name == "interactions.ingest"] == [
        f"3 duplicates answered with their existing ids, profiles [{live.id}]"
    ]


def test_a_log_of_duplicates_names_only_the_profiles_that_sent_them(
    live, bob, caplog, django_capture_on_commit_callbacks
):
    other = Profile.objects.create(owner=bob, platform="x", platform_id="bob-1", handle="bob")
    again = Arrival(live.pk, event("comment.created", "again"))
    with (
        caplog.at_level(logging.INFO, "interactions.ingest"),
        django_capture_on_commit_callbacks(execute=True),
    ):
        ingest([again], NOW)
        ingest([again, Arrival(other.pk, event("comment.created", "new"))], NOW)
    assert [r.message for r in caplog.records] == [
        f"1 duplicates answered with their existing ids, profiles [{live.pk}]"
    ]


def test_the_previous_secret_is_valid_while_rotating(client, live):
    old, live.webhook_secret = live.webhook_secret, new_webhook_secret()
    live.webhook_secret_previous = old
    live.save()
    assert post(client, live, envelope(), secret=old).status_code == 200
    live.webhook_secret_previous = ""
    live.save()
    assert post(client, live, envelope(), secret=old).status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"webhook-signature": "v1," + base64.b64encode(b"x" * 32).decode()},
        {"webhook-signature": "nonsense"},
        {"webhook-signature": "v1,\xff\xfe"},
        {"webhook-signature": ""},
        {"webhook-id": ""},
        {"webhook-id": "another"},
        {"webhook-timestamp": "soon"},
        {"webhook-timestamp": "9" * 40},
        {"webhook-timestamp": ""},
    ],
)
def test_a_wrong_signature_is_401(client, live, headers):
    answer = post(client, live, envelope(event("comment.created", "c1")), **headers)
    assert answer.status_code == 401
    assert answer["Content-Type"] == "application/problem+json"
    assert not Interaction.objects.filter(platform_id="c1").exists()


@pytest.mark.parametrize("age", [-301, 301])
def test_a_timestamp_more_than_five_minutes_away_is_401(client, live, age):
    assert post(client, live, envelope(), sent_at=int(time.time()) + age * 2).status_code == 401


@pytest.mark.parametrize(
    "body",
    [
        *(
            b"",
            b"{",
            b"\xff",
            b"[]",
            b"null",
            b"{}",
            b'{"type": "events"}',
            b'{"type": "other", "data": {"events": []}}',
        ),
        *(
            b'{"type": "events", "data": {"events": {}}}',
            b"[" * 100_000,
            b"1" * 5_000,
            b'{"type": "events", "data": []}',
        ),
    ],
)
def test_an_unreadable_body_is_400(client, live, body):
    answer = post(client, live, body)
    assert (answer.status_code, answer.json()["title"]) == (400, "Bad Request")


def test_an_unknown_profile_is_404(client, live):
    live.uuid = uuid.uuid4()
    assert post(client, live, envelope()).status_code == 404
    assert client.post("/api/v1/webhooks/profiles/not-a-uuid/").status_code == 404


@pytest.mark.parametrize(
    "body", [envelope(*[{}] * 1001), b" " * (5 * 1024 * 1024 + 1), b" " * (7 * 1024 * 1024)]
)
def test_too_much_is_413(client, live, body):
    assert post(client, live, body).status_code == 413


def test_other_methods_are_405(client, live):
    assert client.get(f"/api/v1/webhooks/profiles/{live.uuid}/").status_code == 405


def test_a_deeply_nested_event_is_refused_not_a_crash(client, live):
    nested = b'{"type": "events", "data": {"events": [' + b"[" * 900 + b"]" * 900 + b"]}}"
    assert post(client, live, nested).status_code in (200, 400)


def test_an_id_that_is_no_text_is_rejected_alone(client, live):
    body = envelope(event("comment.created", "\ud800"), event("comment.created", "fine"))
    results = post(client, live, body).json()["results"]
    assert [(one["platform_id"], one["status"]) for one in results] == [
        (None, "rejected"),
        ("fine", "created"),
    ]


any_character = st.characters(exclude_categories=())  # lone surrogates too
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(any_character),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)
fields = [
    "type",
    "id",
    "occurred_at",
    "author",
    "content_id",
    "parent_id",
    "conversation_id",
    "text",
    "url",
    "metrics",
    "kind",
]
broken_events = st.builds(
    lambda kind, changes: event(kind, "x") | changes,
    st.sampled_from(
        ["content.published", "comment.created", "message.created", "content.metrics", "comment.edited"]
    ),
    st.dictionaries(st.sampled_from(fields), json_values | st.text(any_character), max_size=3),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events=st.lists(broken_events | json_values, max_size=4))
def test_no_signed_json_makes_a_5xx(client, live, events):
    answer = post(client, live, envelope(*events))
    assert answer.status_code == 200
    assert len(answer.json()["results"]) == len(events)
    Interaction.objects.filter(platform_id="x").delete()
    DeadLetter.objects.all().delete()


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=200))
def test_no_signed_bytes_make_a_5xx(client, live, body):
    assert post(client, live, body).status_code in (200, 400)
