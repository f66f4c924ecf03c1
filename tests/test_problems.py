"""Errors of the API are problem details that say what is wrong."""

import json

import pytest


@pytest.mark.parametrize(
    ("method", "path", "body", "code"),
    [
        ("post", "demo/enable", b'{"user": "\\u0000"}', 400),
        ("post", "demo/enable", b'{"user": {"a": 1}}', 400),
        ("patch", "demo", b"[" * 100_000, 400),
        ("patch", "demo", b'{"settings": {"rhythm": "\\ud800"}}', 400),
        ("patch", "demo", b'{"settings": {"content_per_day": NaN}}', 400),
        ("post", "auth/token", b'{"\\ud800": 1}', 400),
        ("patch", "demo", b'{"settings": {"time_zone": "../../etc/passwd"}}', 400),
        ("post", "auth/token", b"[" * 8_000, 400),
        ("get", "interactions/?search=%00", b"", 400),
        ("get", "interactions/99999999999999999999", b"", 404),
        ("get", "nonsense", b"", 404),
        ("post", "webhooks/profiles/not-a-uuid", b"{}", 404),
        ("options", "docs", b"", 405),
        ("post", "schema", b"", 405),
        ("get", "schema?format=zz", b"", 404),
        ("post", "auth/token", b"[" + b" " * 7_000_000 + b"]", 413),
        ("post", "demo/enable", b"[" + b" " * 7_000_000 + b"]", 413),
        ("patch", "demo", b'{"settings": {"time_zone": "localtime"}}', 400),
        ("patch", "demo", b'{"settings": {"time_zone": "Factory"}}', 400),
    ],
)
def test_invalid_requests_are_answered_with_a_problem(client, alice, method, path, body, code):
    alice.is_staff = True
    alice.save()
    client.force_login(alice)
    answer = client.generic(method.upper(), f"/api/v1/{path}", body, content_type="application/json")
    assert answer.status_code == code
    if path != "docs":
        assert answer["Content-Type"] == "application/problem+json"
        assert json.loads(answer.content)["status"] == code


def test_too_many_fields_are_400_as_a_problem(client, db):
    answer = client.post("/api/v1/demo/enable/", {f"f{number}": "" for number in range(2_000)})
    assert (answer.status_code, answer.json()["status"]) == (400, 400)


def test_a_host_that_is_not_served_is_400_as_a_problem(client, settings):
    settings.ALLOWED_HOSTS = ["inbox.example.com"]
    assert client.get("/api/v1/demo/").json()["title"] == "Bad Request"
    assert client.get("/").status_code == 400


def test_a_schema_version_parameter_is_not_copied_into_a_header(client, db):
    answer = client.get("/api/v1/schema/?version=%00&lang=%00")
    assert (answer.status_code, "\x00" in str(answer.headers)) == (200, False)


def test_a_token_that_is_not_text_is_401(client, db):
    assert client.get("/api/v1/demo/", headers={"Authorization": "Token \xff"}).status_code == 401


def test_an_anonymous_client_gets_401_as_a_problem(client, db):
    for path in ("demo", "profiles", "content", "interactions"):
        answer = client.get(f"/api/v1/{path}/")
        assert (answer.status_code, answer["Content-Type"]) == (401, "application/problem+json")


@pytest.mark.parametrize(
    ("path", "detail", "hint"),
    [
        (
            "demo/?user=ghost",
            "There is no such user.",
            "Look the name up in the admin's list of users, or create that user with POST /api/v1/users/.",
        ),
        (
            "demo/scenarios/riot/",
            "There is no such scenario; the scenarios are viral-spike, complaint-wave, product-launch.",
            "Use one of these names in the address.",
        ),
        (
            "webhooks/profiles/00000000-0000-0000-0000-000000000000/",
            "There is no profile with this address; copy the webhook URL from the profile again.",
            "GET /api/v1/profiles/ has the `uuid` of each profile, which is the last part of that URL.",
        ),
        (
            "profiles/?format=zz",
            "There is no such format here.",
            "Leave `format` out, or send one of: json.",
        ),
        (
            "schema/?format=zz",
            "There is no such format here.",
            "Leave `format` out, or send one of: yaml, json.",
        ),
        ("nonsense/", "There is no such route.", "/api/v1/docs/ lists every route."),
        (
            "interactions/1/",
            "It does not exist, or it belongs to another user.",
            "Find the id in its list first; /api/v1/docs/ lists every route.",
        ),
    ],
)
def test_a_404_has_a_hint_where_to_look(client, alice, path, detail, hint):
    alice.is_staff = True
    alice.save()
    client.force_login(alice)
    ask = client.post if path.split("/")[1] in ("scenarios", "profiles") else client.get
    answer = ask(f"/api/v1/{path}")
    problem = answer.json()
    assert (answer.status_code, problem["detail"], problem["hint"]) == (404, detail, hint)
