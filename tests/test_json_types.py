"""Each field of a JSON body must have the type in the schema; values that only look like it are refused."""

import json
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import Profile, User
from demo.models import DemoAccount
from interactions.models import (
    BlockedAuthor,
    BulkJob,
    Content,
    Decision,
    InboxRule,
    Interaction,
    Label,
    Note,
    SavedReply,
    Thread,
)
from interactions.signing import sign
from tests.test_schema import bodies, operations, schema
from tests.world import NOW, demo_of, event, moderate

JSON = "application/json"
Path = tuple[str | int, ...]  # to a value in a body: names of members, 0 for any item of a list
VALUES = {
    "integer": [3],
    "number": [3.0, 1.5],
    "boolean": [True, False],
    "string": ["3", "1_0", "٣", " 3 ", "true", "n", ""],
    "array": [[], ["3"], [3]],
    "object": [{}, {"a": 1}],
    "null": [None],
}


@pytest.fixture
def staff(client, alice, live):
    alice.is_staff = True
    alice.save()
    client.force_login(alice)
    demo_of(alice)
    SavedReply.objects.store(alice, "Thanks", "Thank you!", NOW)
    moderate(Interaction.objects.filter(profile=live).first())
    return client


def rows() -> list:
    tables = (
        *(Profile, Interaction, Content, SavedReply, BlockedAuthor, InboxRule, DemoAccount, User),
        *(Thread, Label, Note, Decision, BulkJob),
    )
    return [list(table.objects.order_by("pk").values()) for table in tables]


def plain(given: dict, components: dict) -> dict:
    """Return the schema with its reference resolved, if it is one or contains one."""
    if "$ref" in given:
        return plain(components[given["$ref"].rsplit("/", 1)[1]], components)
    if len(given.get("allOf", [])) == 1:
        return plain(given["allOf"][0], components) | {k: v for k, v in given.items() if k != "allOf"}
    return given


def values_in(given: dict, components: dict, path: Path = ()) -> Iterator[tuple[Path, dict]]:
    """Yield path and schema of each value in a body of that schema."""
    given = plain(given, components)
    if path:
        yield path, given
    for name, inner in given.get("properties", {}).items():
        yield from values_in(inner, components, (*path, name))
    if given.get("type") == "array":
        yield from values_in(given["items"], components, (*path, 0))


def wrong_for(given: dict) -> list[object]:
    """Return values of other types than the schema's; none if it accepts any."""
    if not given.keys() & {"type", "oneOf", "anyOf", "enum"}:
        return []
    parts = given.get("oneOf") or given.get("anyOf") or [given]
    types = {part.get("type", "string") for part in parts} | ({"null"} if given.get("nullable") else set())
    types |= {"integer"} if "number" in types else set()
    return [value for type, values in VALUES.items() if type not in types for value in values]


def replaced(body: Any, path: Path, value: object) -> Any:
    """Return a copy of the body with that value at `path`."""
    if not path:
        return value
    if path[0] == 0:
        return [replaced(body[0] if body else None, path[1:], value)]
    name = path[0]
    return (body or {}) | {name: replaced((body or {}).get(name), path[1:], value)}


def address_of(operation: str) -> tuple[str, str]:
    method, path = operation.split()
    for route, model in (("saved-replies", SavedReply), ("inbox-rules", InboxRule)):
        if f"/{route}/" in path:
            return method, path.replace("{id}", str(model.objects.get().pk))
    tables = {"profiles": Profile, "threads": Thread}
    table = tables.get(path.split("/")[3], Interaction)
    return method, path.replace("{id}", str(table.objects.filter(is_demo=False).first().pk))


def cases() -> Iterator[tuple[str, Path, dict, object]]:
    """Yield operation, path in its body, an example body, and the wrong values for that path."""
    components = schema()["components"]["schemas"]
    for operation, described in operations():
        taken = bodies(described).get("request")
        if not taken:
            continue
        example = list(taken["examples"].values())[-1]["value"]
        for path, inner in values_in(taken["schema"], components):
            yield operation, path, example, wrong_for(inner)


@pytest.fixture
def counts() -> Iterator[redis.Redis]:
    with redis.Redis.from_url(settings.REDIS_CLIENT_URL) as counts:
        yield counts


@pytest.mark.parametrize("every", [False, pytest.param(True, marks=pytest.mark.long)])
def test_a_value_of_a_wrong_type_is_400_names_the_field_and_changes_nothing(staff, counts, every):
    """Of each field every wrong value, or one: of the first field the first one, of the next the second."""
    found = [case for case in cases() if "/webhooks/" not in case[0]]
    assert {path for _, path, _, _ in found} >= {("settings", "viral_spikes"), ("products", 0), ("text",)}
    before = rows()
    for number, (operation, path, example, wrong) in enumerate(found):
        method, address = address_of(operation)
        first = number % len(wrong) if wrong else 0
        for value in wrong if every else wrong[first : first + 1]:
            counts.flushdb()  # so many requests would exceed some rate limits
            answer = staff.generic(method, address, json.dumps(replaced(example, path, value)), JSON)
            context = (operation, path, value, answer.content)
            assert answer.status_code == 400, context
            name = [part for part in path if part][-1]
            assert re.search(rf"\b{name} must be .*, not ", answer.json()["detail"]), context
    assert rows() == before


@pytest.mark.long
def test_a_value_of_a_wrong_type_in_a_batch_is_refused_or_rejects_its_event(client, live):
    kinds = {"kind": "content.published", "url": "content.published", "conversation_id": "message.created"}
    for _, path, _, wrong in [case for case in cases() if "/webhooks/" in case[0]]:
        for value in wrong:
            sent = event(
                "content.metrics" if "metrics" in path else kinds.get(path[-1], "comment.created"), "n"
            )
            batch = {"type": "events", "data": {"events": [sent]}}
            body = json.dumps(replaced(batch, path, value)).encode()
            headers = sign(live.webhook_secret, "msg_1", int(time.time()), body)
            answer = client.post(f"/api/v1/webhooks/profiles/{live.uuid}/", body, JSON, headers=headers)
            if path[:2] != ("data", "events") or len(path) == 2:
                assert answer.status_code == 400, (path, value)
            else:
                [result] = answer.json()["results"]
                assert result["status"] == "rejected", (path, value, result)
    assert not Interaction.objects.filter(platform_id="n").exists()


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"content_per_day": "3"}, "content_per_day must be a whole number from 0 to 20, not a string."),
        ({"content_per_day": True}, "content_per_day must be a whole number from 0 to 20, not true."),
        ({"content_per_day": 3.0}, "content_per_day must be a whole number from 0 to 20, not a decimal number."),
        ({"posting_hour": []}, "posting_hour must be a whole number from 0 to 23, not a list."),
        ({"viral_spikes": "n"}, "viral_spikes must be true or false, not a string."),
        ({"viral_spikes": None}, "viral_spikes must be true or false, not null."),
        ({"time_zone": 5}, "time_zone must be a string, not a number."),
        ("lively", "settings must be an object, not a string."),
    ],
)  # fmt: skip
def test_the_error_names_the_field_its_type_and_what_was_sent(staff, settings, sentence):
    answer = staff.patch("/api/v1/demo/", {"settings": settings}, content_type=JSON)
    assert (answer.status_code, answer.json()["detail"].endswith(sentence)) == (400, True)


def test_null_is_accepted_where_the_schema_says_nullable(staff):
    answer = staff.patch("/api/v1/demo/", {"settings": {"posting_hour": None}}, content_type=JSON)
    assert (answer.status_code, answer.json()["settings"]["posting_hour"]) == (200, None)


@pytest.mark.parametrize("user", [5, True, ["alice"], {"name": "alice"}, None])
def test_a_user_that_is_not_a_string_is_400(staff, user):
    answer = staff.post("/api/v1/demo/pause/", {"user": user}, content_type=JSON)
    sentence = "user must be a string with a user name; leave it out for your own demo."
    assert (answer.status_code, answer.json()["errors"]) == (400, {"user": [sentence]})


@pytest.mark.parametrize(("days", "code"), [("7", 202), ("1_0", 400), ("٣", 400), (" 3 ", 400), ("", 400)])
def test_a_form_has_whole_numbers_in_plain_digits(staff, days, code):
    assert staff.post("/api/v1/demo/advance/", {"days": days}).status_code == code


def test_a_file_in_a_form_is_not_a_number_whatever_its_name(staff):
    answer = staff.post("/api/v1/demo/advance/", {"days": SimpleUploadedFile("7", b"7")})
    assert (answer.status_code, answer.json()["errors"]) == (
        400,
        {"days": ["days must be a whole number from 1 to 30, not a file."]},
    )


@pytest.mark.parametrize(
    ("form", "code", "kept"),
    [
        ({}, 200, True),
        ({"keep_previous": "true"}, 200, True),
        ({"keep_previous": "false"}, 200, False),
        ({"keep_previous": "no"}, 400, None),
        ({"keep_previous": ""}, 400, None),
    ],
)
def test_a_form_has_true_and_false_and_defaults_as_in_json(staff, live, form, code, kept):
    before = live.webhook_secret
    assert staff.post(f"/api/v1/profiles/{live.pk}/rotate-secret/", form).status_code == code
    live.refresh_from_db()
    if kept is None:
        assert live.webhook_secret == before
    else:
        assert (live.webhook_secret_previous == before) == kept
