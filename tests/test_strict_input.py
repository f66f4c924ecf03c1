"""Unknown and repeated parameters and fields are refused and named, so that a typing error is noticed."""

import pytest

from accounts.models import Profile, User
from demo.models import DemoAccount
from interactions.models import BulkJob, Interaction, Thread
from tests.world import NOW, demo_of

JSON = "application/json"
RULE = {"condition": "word", "value": "spam", "action": "hide"}


@pytest.fixture
def staff(client, alice, live):
    alice.is_staff = True
    alice.save()
    client.force_login(alice)
    BulkJob.objects.start(alice, NOW, until=NOW, left=1_001, filters={}, change={"status": "done"})
    return client


def path_of(template: str) -> str:
    tables = {"row": Interaction, "profile": Profile, "thread": Thread, "job": BulkJob}
    ids = {name: table.objects.first().pk for name, table in tables.items()}
    return "/api/v1/" + template.format(**ids)


@pytest.mark.parametrize(
    ("path", "known"),
    [
        (
            "interactions/",
            "are type, platform, profile, content, status, direction, is_demo, sentiment, posted_after,"
            " posted_before, search, author, cursor, page_size",
        ),
        (
            "content/",
            "are platform, profile, is_demo, posted_after, posted_before, search, cursor, page_size",
        ),
        ("profiles/", "are cursor, page_size"),
        ("saved-replies/", "are cursor, page_size"),
        ("blocked-authors/", "are cursor, page_size"),
        ("inbox-rules/", "is none here"),
        (
            "threads/",
            "are kind, platform, profile, content, status, unread, sentiment, label, is_demo, search, active_after,"
            " active_before, cursor, page_size",
        ),
        ("threads/{thread}/", "are cursor, page_size"),
        ("threads/bulk/", "are cursor, page_size"),
        ("interactions/{row}/", "is none here"),
        ("profiles/{profile}", "is none here"),
        ("analytics/summary/", "are mode, from, to"),
        ("demo/", "are user"),
    ],
)
def test_an_unknown_parameter_is_400_and_named_with_the_known_ones(staff, path, known):
    address = path_of(path)
    assert staff.get(address).status_code == 200
    answer = staff.get(f"{address}?stauts=new")
    assert answer.status_code == 400
    assert answer.json()["errors"] == {"stauts": [f"There is no such parameter; there {known}."]}
    assert staff.get(f"{address}?format=json").status_code == 200


@pytest.mark.parametrize(
    "path", ["interactions/?status=new&status=done", "analytics/summary/?mode=all&mode=all"]
)
def test_a_repeated_parameter_is_400_and_named(staff, path):
    answer = staff.get(f"/api/v1/{path}")
    [(name, [sentence])] = answer.json()["errors"].items()
    assert (answer.status_code, name in path, "it was sent 2 times" in sentence) == (400, True, True)


@pytest.mark.parametrize(
    ("method", "path", "body", "known"),
    [
        ("patch", "interactions/{row}/", {}, "are status"),
        ("post", "interactions/{row}/reply/", {"text": "hello"}, "are text"),
        ("post", "profiles/{profile}/rotate-secret/", {}, "are keep_previous"),
        ("patch", "threads/{thread}/", {}, "are status, snoozed_until, unread, labels, covers"),
        ("post", "threads/{thread}/reply/", {"text": "hello"}, "are text, seen_id, anyway"),
        ("post", "threads/{thread}/notes/", {"text": "hello"}, "are text"),
        ("post", "threads/bulk/", {"ids": [1], "set": {"unread": False}}, "are ids, filter, until, set"),
        ("post", "threads/bulk/{job}/cancel/", {}, "is none here"),
        ("post", "saved-replies/", {"name": "a", "text": "b"}, "are name, text"),
        ("post", "interactions/{row}/hide/", {}, "is none here"),
        ("post", "interactions/{row}/unhide/", {}, "is none here"),
        ("delete", "interactions/{row}/", {}, "is none here"),
        ("delete", "interactions/{row}/moderation/", {}, "is none here"),
        ("post", "blocked-authors/", {"profile": 1, "author_id": "a"}, "are profile, author_id, name"),
        ("post", "inbox-rules/", RULE, "are position, profile, condition, value, action, label, enabled"),
        ("post", "inbox-rules/dry-run/", RULE, "are profile, condition, value, action, label"),
        ("post", "users/", {"username": "carol"}, "are username, email"),
        ("post", "auth/token/", {"username": "alice", "password": "x"}, "are username, password, name"),
        ("patch", "demo/", {"settings": {}}, "are settings"),
        ("post", "demo/disable/", {}, "is none here"),
        ("post", "demo/pause/", {}, "is none here"),
        ("post", "demo/scenarios/viral-spike/", {}, "is none here"),
        ("delete", "demo/scenarios/viral-spike/", {}, "is none here"),
        ("post", "demo/generate/interactions/", {}, "is none here"),
    ],
)
def test_an_unknown_field_of_a_body_is_400_and_changes_nothing(staff, alice, live, method, path, body, known):
    before = live.webhook_secret, Interaction.objects.count(), User.objects.count()
    address = path_of(path)
    for sent in (JSON, "application/x-www-form-urlencoded"):
        if sent == JSON:
            answer = getattr(staff, method)(address, body | {"usr": "bob"}, content_type=JSON)
        elif "settings" not in body:
            answer = staff.generic(
                method.upper(),
                address,
                "&".join(f"{k}={v}" for k, v in (body | {"usr": "bob"}).items()),
                sent,
            )
        assert answer.status_code == 400
        [sentence] = answer.json()["errors"]["usr"]
        assert sentence.endswith(f"there {known}.")
    live.refresh_from_db()
    assert (live.webhook_secret, Interaction.objects.count(), User.objects.count()) == before


@pytest.mark.parametrize(
    ("method", "path", "body", "name"),
    [
        ("patch", "interactions/{row}/", '{"status": "done", "status": "new"}', "status"),
        ("post", "interactions/{row}/reply/", '{"text": "a", "text": "b"}', "text"),
        ("patch", "threads/{thread}/", '{"labels": ["a"], "labels": ["b"]}', "labels"),
        ("post", "users/", '{"username": "carol", "email": "a@b.cd", "username": "dora"}', "username"),
        ("post", "auth/token/", '{"username": "alice", "username": "bob", "password": "x"}', "username"),
        ("patch", "demo/", '{"settings": {"rhythm": "steady", "rhythm": "natural"}}', "rhythm"),
        ("post", "profiles/{profile}/rotate-secret/", '{"\\ud800": 1, "\\ud800": 2}', "\\ud800"),
    ],
)
def test_a_repeated_member_is_400_and_changes_nothing(staff, live, method, path, body, name):
    before = live.webhook_secret, list(Interaction.objects.values()), User.objects.count()
    answer = getattr(staff, method)(path_of(path), body, content_type=JSON)
    assert (answer.status_code, answer.json()["detail"]) == (
        400,
        f'Send the member "{name}" once; the JSON has it twice.',
    )
    live.refresh_from_db()
    assert (live.webhook_secret, list(Interaction.objects.values()), User.objects.count()) == before


def test_a_repeated_form_field_is_400(staff):
    form = "application/x-www-form-urlencoded"
    answer = staff.post("/api/v1/users/", "username=carol&username=dora", content_type=form)
    assert answer.status_code == 400
    assert answer.json()["errors"] == {"username": ["Send username once; it was sent 2 times."]}


@pytest.mark.parametrize("body", ["null", "[]", '"all"', "0"])
def test_revoking_with_a_body_that_is_not_an_object_is_400_and_the_token_stays(client, alice, body):
    token = alice.auth_token_set.model.objects.create(alice)[1]
    who = {"Authorization": f"Token {token}"}
    answer = client.post("/api/v1/auth/revoke/", body, content_type=JSON, headers=who)
    assert (answer.status_code, answer.json()["detail"]) == (
        400,
        "The body must be a JSON object, such as {}.",
    )
    assert client.post("/api/v1/auth/revoke/", headers=who).status_code == 204


def test_revoking_with_a_body_is_400_and_the_token_stays(client, alice):
    token = alice.auth_token_set.model.objects.create(alice)[1]
    who = {"Authorization": f"Token {token}"}
    answer = client.post("/api/v1/auth/revoke/", {"all": True}, content_type=JSON, headers=who)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["all"])
    assert client.post("/api/v1/auth/revoke/", headers=who).status_code == 204


def test_a_mistyped_user_parameter_does_not_switch_the_callers_demo_off(staff, alice):
    demo_of(alice)
    answer = staff.post("/api/v1/demo/disable/", {"username": "victim"}, content_type=JSON)
    assert (answer.status_code, DemoAccount.objects.get().state) == (400, "active")


@pytest.mark.parametrize("name", ["x" * 100_000, "\u202e", "__proto__", ""])
def test_a_long_unknown_name_is_shortened_in_the_error(staff, name):
    answer = staff.patch(path_of("interactions/{row}/"), {name: 1}, content_type=JSON)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [name[:100]])
    assert len(answer.content) < 2_000


def test_an_error_names_at_most_ten_fields(staff):
    answer = staff.get("/api/v1/profiles/?" + "&".join(f"x{n}=1" for n in range(50)))
    assert (answer.status_code, len(answer.json()["errors"])) == (400, 10)
