"""The webhook: signed batches, exact answers, never a 5xx."""

import base64
import contextlib
import hmac
import json
import logging
import time
import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Profile
from accounts.secrets import new_webhook_secret
from interactions.api.throttling import large_batch_slot
from interactions.envelope import Batch, EnvelopeError
from interactions.ingest import IncomingEvent, ingest
from interactions.models import DeadLetter, Interaction
from interactions.replay import replay
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


def test_the_time_of_receipt_is_the_databases_without_another_query(client, live, monkeypatch):
    """A web server with a wrong clock accepts a batch that was signed at the right time, and stores the right time."""
    before = time.time()
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW.replace(year=2020))
    with CaptureQueriesContext(connection) as asked:
        assert post(client, live, envelope(event("comment.created", "c1"))).status_code == 200
    stored = Interaction.objects.get(platform_id="c1").received_at.timestamp()
    assert before - 2 < stored < time.time() + 2
    assert sum("clock_timestamp()" in query["sql"] for query in asked) == 1
    # The profile with its secrets, and again after it is locked.
    assert sum('FROM "accounts_profile"' in query["sql"] for query in asked) == 2


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
    again = IncomingEvent(live.pk, event("comment.created", "again"))
    with (
        caplog.at_level(logging.INFO, "interactions.ingest"),
        django_capture_on_commit_callbacks(execute=True),
    ):
        ingest([again], NOW)
        ingest([again, IncomingEvent(other.pk, event("comment.created", "new"))], NOW)
    assert [r.message for r in caplog.records] == [
        f"1 duplicates answered with their existing ids, profiles [{live.pk}]"
    ]


def test_the_previous_secret_is_valid_after_a_rotation(client, live):
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


MISSING_HEADERS = "The request is not signed: the header is missing or empty: "
NO_VERSION_1 = (
    "webhook-signature must have `v1,` and the base64 of the HMAC-SHA256; signatures of other versions are"
    " ignored, and several are separated by spaces."
)
NOT_BASE64 = "The part after `v1,` in webhook-signature must be the base64 of 32 bytes, the HMAC-SHA256."
INVALID_TIMESTAMP = "webhook-timestamp must be the time of sending in whole Unix seconds, once."
NO_VALID_SIGNATURE = (
    "No signature in webhook-signature is valid for this webhook-id, webhook-timestamp and body."
)
MAC = base64.b64encode(b"x" * 32).decode()


@pytest.mark.parametrize(
    ("headers", "detail"),
    [
        ({"webhook-id": ""}, f"{MISSING_HEADERS}webhook-id."),
        ({"webhook-id": " \t"}, f"{MISSING_HEADERS}webhook-id."),
        ({"webhook-timestamp": ""}, f"{MISSING_HEADERS}webhook-timestamp."),
        ({"webhook-signature": ""}, f"{MISSING_HEADERS}webhook-signature."),
        (
            {"webhook-id": "", "webhook-signature": ""},
            "The request is not signed: the headers are missing or empty: webhook-id and webhook-signature.",
        ),
        ({"webhook-id": "caf\u00e9"}, "webhook-id must be printable ASCII text."),
        ({"webhook-id": "msg_1,msg_1"}, NO_VALID_SIGNATURE),  # sent twice
        ({"webhook-timestamp": "soon"}, INVALID_TIMESTAMP),
        ({"webhook-timestamp": "9" * 13}, INVALID_TIMESTAMP),
        ({"webhook-timestamp": "1.5"}, INVALID_TIMESTAMP),
        ({"webhook-timestamp": "-1"}, INVALID_TIMESTAMP),
        ({"webhook-timestamp": "\u00b2"}, INVALID_TIMESTAMP),
        ({"webhook-timestamp": "1,1"}, INVALID_TIMESTAMP),  # sent twice
        ({"webhook-timestamp": "2026-03-04T07:30:00Z"}, INVALID_TIMESTAMP),
        ({"webhook-signature": "nonsense"}, NO_VERSION_1),
        ({"webhook-signature": "v1"}, NO_VERSION_1),
        ({"webhook-signature": MAC}, NO_VERSION_1),
        ({"webhook-signature": f"v1a,{MAC}"}, NO_VERSION_1),
        ({"webhook-signature": f"V1,{MAC} v2,{MAC}"}, NO_VERSION_1),
        ({"webhook-signature": f"v1={MAC}"}, NO_VERSION_1),
        ({"webhook-signature": "v1,"}, NOT_BASE64),
        ({"webhook-signature": "v1,not-base-64!"}, NOT_BASE64),
        ({"webhook-signature": "v1,\u00ff"}, NOT_BASE64),
        ({"webhook-signature": "v1," + base64.b64encode(b"x" * 31).decode()}, NOT_BASE64),
        ({"webhook-signature": f"v1,{MAC},v1,{MAC}"}, NOT_BASE64),  # sent twice
        ({"webhook-signature": f"v1,{MAC}"}, NO_VALID_SIGNATURE),
        ({"webhook-signature": f"v1,short v1,{MAC}"}, NO_VALID_SIGNATURE),
    ],
)
def test_each_invalid_header_has_its_own_error(client, live, headers, detail):
    answer = post(client, live, envelope(), **headers)
    assert (answer.status_code, answer.json()["detail"]) == (401, detail)


def test_the_error_names_the_missing_signature_headers(client, live):
    answer = client.post(
        f"/api/v1/webhooks/profiles/{live.uuid}/", envelope(), content_type="application/json"
    )
    assert (answer.status_code, answer.json()["detail"]) == (
        401,
        "The request is not signed: the headers are missing or empty: webhook-id, webhook-timestamp and"
        " webhook-signature.",
    )


@pytest.mark.parametrize(
    ("given", "expected"), [(-600, "seconds behind the time here"), (600, "seconds ahead of the time here")]
)
def test_the_error_says_whether_the_senders_clock_is_behind_or_ahead(client, live, given, expected):
    detail = post(client, live, envelope(), sent_at=int(time.time()) + given).json()["detail"]
    assert expected in detail
    assert "at most 300 are allowed" in detail


def test_blanks_around_a_header_and_other_signatures_are_ignored(client, live):
    at, body = int(time.time()), envelope()
    valid = sign(live.webhook_secret, "msg_1", at, body)["webhook-signature"]
    headers = {
        "webhook-id": " msg_1\t",
        "webhook-timestamp": f" {at} ",
        "webhook-signature": f"  v2,abc  v1,short v1,{MAC}   {valid}\t",
    }
    assert post(client, live, body, **headers).status_code == 200
    leading = f"0{at}"  # the header's text is signed
    mac = base64.b64encode(
        hmac.digest(
            base64.b64decode(live.webhook_secret.removeprefix("whsec_")),
            f"msg_1.{leading}.".encode() + body,
            "sha256",
        )
    ).decode()
    headers = {"webhook-timestamp": leading, "webhook-signature": f"v1,{mac}"}
    assert post(client, live, body, **headers).status_code == 200


@pytest.mark.parametrize(("seconds", "code"), [(-301, 401), (-298, 200), (300, 200), (302, 401)])
def test_a_timestamp_more_than_five_minutes_off_is_401(client, live, seconds, code):
    """Up to two seconds pass between the whole second that is signed and the check of it."""
    assert post(client, live, envelope(), sent_at=int(time.time()) + seconds).status_code == code


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
def test_a_too_large_batch_is_413(client, live, body):
    assert post(client, live, body).status_code == 413


def test_other_methods_are_405(client, live):
    assert client.get(f"/api/v1/webhooks/profiles/{live.uuid}/").status_code == 405


@pytest.mark.parametrize("depth", [900, 9_000])
def test_a_deeply_nested_event_is_rejected_alone(client, live, depth):
    nested = b"[" * depth + b"]" * depth
    body = around(json.dumps(event("comment.created", "c1")).encode(), nested)
    answer = post(client, live, body)
    assert answer.status_code == 200
    assert [one["status"] for one in answer.json()["results"]] == ["created", "rejected"]
    assert bytes(DeadLetter.objects.latest("pk").raw) == nested


HUGE = b"9" * 5_000
NOT_JSON = "The body must be JSON in UTF-8."
SHAPE = 'The body must be {"type": "events", "timestamp": …, "data": {"events": […]}}.'
METRIC = f"`metrics.views` must be a whole number from 0 to {2**63 - 1}."


NOT_A_NUMBER = "The event is not valid JSON: %s is not a number in JSON."
NAN_ERROR = "is not valid JSON: NaN is not a number in JSON."
ENVELOPE_ERROR = "The body outside of its events has a number with too many digits."
NO_LIST = "The body has no list of events; it has a number with too many digits."
MISSING_EVENT = "The list of events has a comma without an event before or after it."


def created(id: str, more: bytes = b"") -> bytes:
    """Return the JSON of a comment, with the additional members in `more`."""
    plain = json.dumps(event("comment.created", id)).encode()
    return plain[:-1] + (b", " + more if more else b"") + b"}"


def around(*events: bytes) -> bytes:
    return b'{"type": "events", "timestamp": 1, "data": {"events": [' + b", ".join(events) + b"]}}"


def viewed(figure: bytes) -> bytes:
    return (
        b'{"type": "content.metrics", "id": "bad", "occurred_at": "2026-03-01T12:00:00Z", "metrics": {"views": '
        + figure
        + b"}}"
    )


@pytest.mark.sample(6)
@pytest.mark.parametrize(
    ("bad_event", "error"),
    [
        # JSON that Python cannot decode, which makes the whole batch unreadable for it.
        (created("bad", b'"note": ' + HUGE), "The event has a number with too many digits."),
        (viewed(HUGE), "The event has a number with too many digits."),
        (viewed(b"-" + HUGE), "The event has a number with too many digits."),
        (created("bad", b'"note": ' + b"[" * 10_000 + b"]" * 10_000), "The event is nested too deeply."),
        (created("bad", b'"note": ' + b'{"a":' * 5_000 + b"1" + b"}" * 5_000), "The event is nested too deeply."),
        (created("bad", b'"note": "\xff\xfe"'), "The event is not valid UTF-8."),
        (created("bad", b'"note": "\xc3"'), "The event is not valid UTF-8."),
        (created("bad", b'"note": "\xed\xa0\x80"'), "The event is not valid UTF-8."),  # a surrogate as bytes
        (b'{"id": "a\nb"}', "The event is not valid JSON at character 10."),
        (b'{"id": "a\x00b"}', "The event is not valid JSON at character 10."),
        (b'{"id": "a\\qb"}', "The event is not valid JSON at character 10."),
        (b'{"id": }', "The event is not valid JSON at character 8."),
        (b'{"id" "bad"}', "The event is not valid JSON at character 7."),
        (b"{'id': 1}", "The event is not valid JSON at character 2."),
        (b'{"id": 1,}', "The event is not valid JSON at character 10."),
        (b'{"id": 01}', "The event is not valid JSON at character 9."),
        (b'{"id": 1} {"id": 2}', "The event is not valid JSON at character 11."),
        (b"nothing", "The event is not valid JSON at character 1."),
        (b"\xef\xbb\xbf{}", "The event is not valid JSON at character 1."),
        (viewed(b"NaN"), NOT_A_NUMBER % "NaN"),
        (viewed(b"Infinity"), NOT_A_NUMBER % "Infinity"),
        (created("one", b'"note": [1, -Infinity]'), NOT_A_NUMBER % "-Infinity"),
        # JSON that Python decodes, but PostgreSQL or the ingest refuses.
        (viewed(b"1e400"), METRIC),
        (viewed(b"1e999999999"), METRIC),
        (viewed(b"1.0"), METRIC),
        (viewed(b"9" * 4_000), METRIC),
        (viewed(b'"10"'), METRIC),
        (created("\ud800"), "`id` must be valid Unicode; it contains a lone surrogate."),
        (created("\x00"), "`id` must not contain the NUL character."),
        (b'{"type": "comment.deleted", "id": 17, "occurred_at": "2026-03-01T12:00:00Z"}', "`id` must be text."),
        (b'{"type": "comment.deleted", "id": 1e400, "occurred_at": "2026-03-01T12:00:00Z"}', "`id` must be text."),
        (b"[" * 300 + b"]" * 300, "An event must be a JSON object."),
        (b"null", "An event must be a JSON object."),
    ],
)  # fmt: skip
def test_an_unreadable_event_is_rejected_alone(client, live, bad_event, error):
    before = DeadLetter.objects.count()
    for _ in range(2):
        answer = post(client, live, around(created("one"), bad_event, created("two")))
    assert answer.status_code == 200
    results = answer.json()["results"]
    assert [one["status"] for one in results] == ["duplicate", "rejected", "duplicate"]
    assert (results[1]["id"], results[1]["error"]) == (None, error)
    assert Interaction.objects.filter(platform_id__in=["one", "two"]).count() == 2
    letter = DeadLetter.objects.latest("pk")
    assert (bytes(letter.raw), letter.reason, DeadLetter.objects.count()) == (bad_event, error, before + 1)


@pytest.mark.parametrize(
    "event",
    [
        created("odd", b'"note": [1e400, 1e-999999999, "NaN"]'),
        created("odd", b'"note": "\\ud800"'),
        created("odd", b'"note": "\\u0000"'),
        created("odd", b'"id": "odd"'),  # of two members with the same name the last counts
        created("first", b'"id": "odd"'),
    ],
)
def test_unknown_members_of_an_event_are_ignored(client, live, event):
    answer = post(client, live, around(event))
    assert [(one["platform_id"], one["status"]) for one in answer.json()["results"]] == [("odd", "created")]


@pytest.mark.parametrize(
    ("body", "code", "detail"),
    [
        (b'{"type": "events", "timestamp": %b, "data": {"events": [{}]}}' % HUGE, 400, ENVELOPE_ERROR),
        (b'{"type": "events", "data": {"events": [{}], "note": %b}}' % HUGE, 400, ENVELOPE_ERROR),
        (b'{"type": "events", "timestamp": NaN, "data": {"events": [{}]}}', 400, f"The body outside of its events {NAN_ERROR}"),
        (b'{"type": "events", "data": {"events": [{}]}, "x": [NaN]}', 400, f"The body outside of its events {NAN_ERROR}"),
        (b'{"type": "events", "x": NaN}', 400, f"The body has no list of events; it {NAN_ERROR}"),
        (b'{"type": "events", "data": {"events": [%b, ]}}' % HUGE, 400, MISSING_EVENT),
        (b'{"type": "events", "data": {"events": [%b, , {}]}}' % HUGE, 400, MISSING_EVENT),
        (b'{"type": "events", "data": {"events": [%b]' % HUGE, 400, NOT_JSON),
        (b'{"type": "events", "data": {"events": [%b]}}}' % HUGE, 400, NO_LIST),
        (b'{"type": "events", "data": {"events": [{"a": "%b]}}' % HUGE, 400, NOT_JSON),
        (b'{"type": "events", "data": {"events": [{"a": [%b}]}}' % HUGE, 400, NOT_JSON),
        (b'{"type": "other", "data": {"events": [%b]}}' % HUGE, 400, SHAPE),
        (b'{"data": {"events": [%b]}}' % HUGE, 400, SHAPE),
        (b'{"type": "events", "data": {"events": [%b]}, "data": {}}' % HUGE, 400, SHAPE),
        (b'{"type": "events", "data": {"events": [%b], "events": {}}}' % HUGE, 400, SHAPE),
        (b'{"type": "events", "data": {"events": {"events": [%b]}}}' % HUGE, 400, NO_LIST),
        (b'{"type": "events", "data": [{"events": [%b]}]}' % HUGE, 400, NO_LIST),
        (b'[{"type": "events", "data": {"events": [%b]}}]' % HUGE, 400, NO_LIST),
        (b"]" * 1_000 + around(HUGE), 400, NOT_JSON),
        ('{"type": "events", "data": {"events": []}}'.encode("utf-16"), 400, NOT_JSON),
        (b'{"type": "events", "x": %b, "data": {"events": [{}]}}' % (b"[" * 9_000 + b"]" * 9_000), 400,
         "The body outside of its events is nested too deeply."),
        (b'{"type": "events", "data": {"events": [%b], "events": [{}]}}' % HUGE, 400,
         "The body has more than one list of events; send one list."),
        (b'{"type": "events", "x": [%b1], "data": {"events": []}}' % (b"1," * 20_000), 400,
         "The body must have at most 20000 brackets and commas outside of its events."),
        (around(HUGE, *[b"{}"] * 1_000), 413, "Send at most 1000 events."),
        (around(*[b"{}"] * 1_001), 413, "Send at most 1000 events; the body has 1001."),
    ],
)  # fmt: skip
def test_the_envelope_must_be_readable(client, live, body, code, detail):
    answer = post(client, live, body)
    assert (answer.status_code, answer.json()["detail"]) == (code, detail)


@pytest.mark.parametrize(
    ("body", "statuses"),
    [
        (b"\xef\xbb\xbf" + around(created("one")), ["created"]),
        (b"\xef\xbb\xbf" + around(HUGE, created("one")), ["rejected", "created"]),
        (b'\n{"t\\u0079pe":"events","d\\u0061ta":{"events":[%b\t,\n%b ]}}\n' % (HUGE, created("one")), ["rejected", "created"]),
        (b'{"data": {"events": [1], "more": [%b]}, "type": "events"}' % b"1", ["rejected"]),
        (b'{"type": "events", "data": {"events": [1, 2, 3], "events": [%b]}}' % HUGE, ["rejected"]),
        (b'{"type": "events", "data": {"events": [1, 2, 3]}, "data": {"events": [%b, 4]}}' % HUGE, ["rejected"] * 2),
        (around(b'{"a": "]}}, \\"", "data": {"events": [%b]}}' % HUGE, created("one")), ["rejected", "created"]),
        (around(HUGE, *[created(f"c{n}") for n in range(999)]), ["rejected", *["created"] * 999]),
    ],
)  # fmt: skip
def test_an_envelope_may_be_any_json_of_the_right_shape(client, live, body, statuses):
    answer = post(client, live, body)
    assert answer.status_code == 200, answer.json()
    assert [one["status"] for one in answer.json()["results"]] == statuses


@given(
    events=st.lists(
        st.recursive(
            st.none() | st.integers() | st.text(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=5), inner),
            max_leaves=12,
        ),
        max_size=5,
    ),
    indent=st.sampled_from([None, 1]),
    ascii=st.booleans(),
)
def test_event_spans_finds_the_bytes_of_each_event_in_any_json(events, indent, ascii):
    envelope = {
        "type": "events",
        "data": {"note": events, "events": events, "a": {"events": [1]}},
        "z": [events],
    }
    batch = Batch(json.dumps(envelope, indent=indent, ensure_ascii=ascii).encode())
    assert batch.events == events
    assert [json.loads(batch.raw(position)) for position in range(len(events))] == events


pieces = st.sampled_from(
    [*'[]{}",:\\\\ \n1', '"data"', '"events"', '{"data":{"events":[', '"type":"events"', "9" * 5_000]
)


@given(body=st.lists(pieces, max_size=30).map("".join) | st.text())
def test_any_other_body_is_refused_with_an_error(body):
    for text in (body, around(HUGE).decode() + body, body + around(HUGE).decode()):
        with contextlib.suppress(EnvelopeError):
            batch = Batch(text.encode())
            assert [bool(batch.raw(position)) for position in range(len(batch.events))] == [True] * len(
                batch.events
            )


TOO_LARGE = "The event must have at most 1048576 bytes and, outside of strings, 20000 brackets and commas."
MAX_BODY = 5 * 1024 * 1024


def filled(piece: bytes, end: bytes = b"", size: int = MAX_BODY - 1_000) -> bytes:
    """Return the piece repeated, then the end, together at most `size` bytes."""
    return piece * ((size - len(end)) // len(piece)) + end


@pytest.mark.sample(4)
@pytest.mark.parametrize(
    "bad_event",
    [
        b"[" + filled(b"[],", b"1e]"),
        b"[" + filled(b"[],", b"1]"),
        b"[" + filled(b"{},", b"1]"),
        b"[" + filled(b'"",', b"1]"),
        b"[" * 2_500_000 + b"]" * 2_500_000,
        b'"' + filled(b'\\"') + b'"',
        filled(b"9"),
        created("bad", b'"note": "' + filled(b"x", size=1024 * 1024) + b'"'),
        b"[" + b"1," * 20_000 + b"1]",
    ],
    ids=lambda bad_event: bad_event[:8].decode(),
)
def test_a_too_large_event_is_rejected_alone_and_its_first_bytes_are_kept(client, live, bad_event):
    answer = post(client, live, around(created("one"), bad_event, created("two")))
    results = answer.json()["results"]
    assert [one["status"] for one in results] == ["created", "rejected", "created"]
    letter = DeadLetter.objects.latest("pk")
    assert (results[1]["error"], letter.reason) == (TOO_LARGE, TOO_LARGE)
    assert bytes(letter.raw) == bad_event[: 1024 * 1024 + 1]
    assert replay(DeadLetter.objects.filter(pk=letter.pk), NOW).rejected == 1
    assert DeadLetter.objects.latest("pk").reason == TOO_LARGE


def test_the_longest_text_is_accepted_with_any_escapes(client, live):
    text = "\U0001f600" * 65_536
    commas = event("comment.created", "commas", text="," * 65_536)
    body = envelope(event("comment.created", "escaped", text=text), commas, {"id": "bad"})
    answer = post(client, live, body)
    assert [one["status"] for one in answer.json()["results"]] == ["created", "created", "rejected"]
    assert Interaction.objects.get(platform_id="escaped").text == text


@pytest.mark.parametrize("bad_event", [b"[" + b"1," * 20_000 + b"1]", b'"' + b"x" * 1024 * 1024 + b'"'])
def test_whether_an_event_is_too_large_does_not_depend_on_the_others(client, live, bad_event):
    for batch in ([bad_event], [bad_event, HUGE], [bad_event, *[created("x")] * 100]):
        results = post(client, live, around(*batch)).json()["results"]
        assert results[0]["error"] == TOO_LARGE


@pytest.mark.sample(5)
@pytest.mark.parametrize(
    "filling",
    [
        filled(b"["),
        filled(b"[1,"),
        filled(b'["",'),
        filled(b'{"a":['),
        filled(b"[[[[]]]],"),
        filled(b'["",["",[],[],[],'),
        b'"' + filled(b'\\"'),
        filled(b'"",'),
        filled(b'"" '),
        b"1." + filled(b"9"),
        b"{}" + filled(b',"data":{"events":[]}'),
        b'{"' + b"\\u0061" * 400_000 + b'":' + filled(b"{}", size=2_500_000),
    ],
    ids=lambda filling: filling[:20].decode(),
)
def test_every_body_is_read_quickly(filling):
    """At most a quarter of a second on an idle machine."""
    for body in (
        around(created("good"), filling),
        b'{"x": ' + filling + b', "data": {"events": []}}',
        filling,
    ):
        began = time.process_time()
        with contextlib.suppress(EnvelopeError):
            Batch(body)
        assert time.process_time() - began < 1


def test_events_with_too_many_values_must_be_sent_in_smaller_batches(client, live):
    dense = [b"[" + b"1," * 15_000 + b"1]"] * 14
    answer = post(client, live, around(*dense))
    detail = "The events have too many values for one body; send them in smaller batches."
    assert (answer.status_code, answer.json()["detail"]) == (413, detail)
    assert post(client, live, around(*dense[:7])).json()["rejected"] == 7


def test_an_owner_has_two_slots_for_large_batches_and_small_ones_need_none(client, live, bob):
    other = Profile.objects.create(owner=live.owner, platform="x", platform_id="second", handle="second")
    his = Profile.objects.create(owner=bob, platform="x", platform_id="bob-1", handle="bob")
    large, small = (around(created("c", b'"note": "%b"' % (b"x" * size))) for size in (70_000, 1_000))
    usual = around(*[created(f"u{number}") for number in range(100)])
    with large_batch_slot(live.owner_id), large_batch_slot(live.owner_id):
        answer = post(client, other, large)
        assert (answer.status_code, answer["Retry-After"]) == (429, "1")
        assert post(client, other, around(*[b"0"] * 600)).status_code == 429
        accepted = [(live, small), (live, usual), (his, large)]
        assert {post(client, profile, body).status_code for profile, body in accepted} == {200}
    assert post(client, other, large).status_code == 200


def test_an_event_whose_id_is_not_text_is_rejected_alone(client, live):
    body = envelope(event("comment.created", "\ud800"), event("comment.created", "fine"))
    results = post(client, live, body).json()["results"]
    assert [(one["platform_id"], one["status"]) for one in results] == [
        (None, "rejected"),
        ("fine", "created"),
    ]


any_character = st.characters(exclude_categories=())  # including lone surrogates
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


@given(events=st.lists(broken_events | json_values, max_size=4))
def test_signed_json_never_causes_a_5xx(client, live, events):
    answer = post(client, live, envelope(*events))
    assert answer.status_code == 200
    assert len(answer.json()["results"]) == len(events)
    Interaction.objects.filter(platform_id="x").delete()
    DeadLetter.objects.all().delete()


@given(body=st.binary(max_size=200))
def test_signed_bytes_never_cause_a_5xx(client, live, body):
    assert post(client, live, body).status_code in (200, 400)
