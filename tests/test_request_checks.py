"""No header, cookie, address or form makes a request fail with 5xx: each is read, ignored or refused with a hint."""

import json
from collections.abc import Iterator
from http import HTTPStatus
from io import BytesIO
from itertools import product

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.models import Profile, User
from config import request_limits
from demo.models import DemoAccount, State
from interactions.models import Interaction
from tests.nginx_in_front import mounted_template
from tests.world import demo_of

JSON = "application/json"
NOT_TEXT = ["\x00", "a\x00b", "\x1f", "\x7f", "\ud800", "a\nb", "a\r\nX-Injected: 1"]
UNUSUAL_VALUES = [
    *NOT_TEXT,
    "\xff",
    "é" * 200,
    "x" * 7_000,
    '"\\000aaaaaaaaaaaaaaa"',
    "",
    " ",
    "%00",
    "\u202e",
    "=;,=",
    "'",
]
HEADERS = [
    *("AUTHORIZATION", "X_FORWARDED_FOR", "X_FORWARDED_PROTO", "X_FORWARDED_HOST", "X_REQUEST_ID"),
    *("X_CORRELATION_ID", "ACCEPT", "ACCEPT_LANGUAGE", "ACCEPT_ENCODING", "USER_AGENT", "REFERER", "ORIGIN"),
    *("IF_NONE_MATCH", "IF_MODIFIED_SINCE", "IF_MATCH", "RANGE", "X_CSRFTOKEN", "IDEMPOTENCY_KEY"),
    *("HX_REQUEST", "HX_CURRENT_URL", "HX_TARGET", "WEBHOOK_ID", "WEBHOOK_TIMESTAMP", "WEBHOOK_SIGNATURE"),
    *("X_HUB_SIGNATURE_256", "X_HTTP_METHOD_OVERRIDE", "CONTENT_ENCODING", "EXPECT", "HOST"),
]
EXTENDED = [  # parameters of RFC 2231, on some of which Python's parser fails
    "x*=utf-8''b; x*0*=b",
    "x*0=a; x*",
    "x*=foo''%ff",
    "X*0*=utf-8''%0d%0aX-Injected: 1",
    "x*=unicode_escape''%5cud800",
    "x*" + "9" * 200 + "=a",
]
FILL = {
    "uuid": "6f1c2a1e-5d0b-4c1f-9a57-0a5f4b1c9e11",
    "days": "1",
    "pk": "1",
    "format": "json",
    "key": "0123456789abcdef",
    "tint": "1",
    "letter": "4d",
    "family": "still",  # of pictures
    "niche": "coffee",
    "topic": "team",
    "seed": "0",
    "page": "inbox",
}


def addresses() -> list[str]:
    """One address of every route, including those of the admin."""
    found = sorted({*_addresses(get_resolver(), "/")} - {"/readyz/"})  # 503 without a beat
    assert len(found) > 60
    return found


def _addresses(resolver: URLResolver, prefix: str) -> Iterator[str]:
    for child in resolver.url_patterns:
        address = prefix + _filled(child)
        if isinstance(child, URLPattern):
            yield address
        else:
            yield from _addresses(child, address)


def _filled(route: URLPattern | URLResolver) -> str:
    """The route's pattern with example values for its parameters."""
    text = str(route.pattern)
    for name in route.pattern.converters:
        text = text.replace(next(part for part in text.split("<") if f"{name}>" in part), f"{name}>")
        text = text.replace(f"<{name}>", FILL.get(name, "1"))
    for name in route.pattern.regex.groupindex:
        start = text.find(f"(?P<{name}>")
        if start >= 0:
            text = text[:start] + FILL.get(name, "1") + text[_end(text, start) :]
    return text.replace("\\.", ".").replace("^", "").replace("$", "").replace("/?", "/").replace("\\Z", "")


def _end(text: str, start: int) -> int:
    depth = 0
    for position in range(start, len(text)):
        depth += (text[position] == "(") - (text[position] == ")")
        if depth == 0:
            return position + 1
    raise AssertionError(text)


@pytest.fixture
def clients(db) -> dict[str, Client]:
    """An anonymous client and an operator's, which return exceptions as 5xx responses."""
    operator = Client(raise_request_exception=False)
    operator.force_login(User.objects.create_superuser("operator"))
    return {"anonymous": Client(raise_request_exception=False), "operator": operator}


def refused_with(code: int, response) -> dict:
    assert (response.status_code, response["Content-Type"]) == (code, "application/problem+json")
    problem = json.loads(response.content)
    assert (problem["status"], problem["title"]) == (code, HTTPStatus(code).phrase)
    assert problem["hint"]
    assert len(response["X-Request-ID"]) == 36
    return problem


@pytest.mark.parametrize(
    ("code", "heading", "request_options"),
    [
        (400, "Bad request", {"path": "/login/?next=%00"}),
        (411, "Bad request", {"path": "/login/", "HTTP_TRANSFER_ENCODING": "chunked"}),
        (413, "The request is too large", {"path": "/login/", "CONTENT_LENGTH": "7000000"}),
        (414, "The address is too long", {"path": "/login/?" + "x" * 8_192}),
        (415, "Bad request", {"path": "/login/", "data": b"{}", "content_type": JSON}),
    ],
)
def test_outside_of_the_api_a_refusal_is_an_html_page_with_a_request_id(
    client, db, code, heading, request_options
):
    response = client.generic("POST", **request_options)
    page = response.content.decode()
    assert (response.status_code, response["Content-Type"]) == (code, "text/html; charset=utf-8")
    assert f"<h1>{heading}</h1>" in page
    assert ('<section class="card stack">' in page, "perennial/style.css" in page) == (True, True)
    assert len(response["X-Request-ID"]) == 36


def test_no_request_can_forge_a_line_of_the_log(client, db, caplog):
    response = client.get("/api/v1/%0aforged%1b%c2%85%00/")
    refused_with(400, response)
    [line] = [record.getMessage() for record in caplog.records if "refused with 400" in record.getMessage()]
    assert line.startswith("A request for /api/v1/%0Aforged%1B%C2%85%00/ was refused")
    encoded = client.post("/api/v1/demo/", {}, JSON, headers={"Content-Encoding": "gzip\x85forged"})
    refused_with(415, encoded)
    assert "\x85" not in caplog.records[-1].getMessage()


def test_a_session_cookie_with_a_nul_is_ignored(client, db):
    client.cookies.load('sessionid="\\000aaaaaaaaaaaaaaa"')
    assert client.get("/").status_code == 302
    assert client.get("/login/").status_code == 200
    assert client.get("/api/v1/demo/").status_code == 401


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    "value",
    ['"\\000aaaaaaaaaaaaaaa"', "\\377", '"\\012"', '"\\200\\201"', "x" * 5_000, "é", "a=b; ;;="],
)
@pytest.mark.parametrize("step", [4, pytest.param(1, marks=pytest.mark.long)])
def test_no_cookie_makes_any_address_answer_5xx(clients, value, step):
    cookies = "; ".join(f"{name}={value}" for name in ("csrftoken", "messages", "anything", "a\\b"))
    session = {
        "anonymous": f"sessionid={value}",
        "operator": str(clients["operator"].cookies["sessionid"].OutputString()),
    }
    for address in list(addresses())[::step]:
        for who, client in clients.items():
            response = client.generic("GET", address, b"", HTTP_COOKIE=f"{session[who]}; {cookies}")
            assert response.status_code < 500, (address, response.content[:300])


@pytest.mark.sample(1)
@pytest.mark.parametrize("value", UNUSUAL_VALUES)
def test_no_header_makes_an_address_answer_5xx(clients, live, value):
    webhook = f"/api/v1/webhooks/profiles/{live.uuid}/"
    paths = ["/", "/login/", "/admin/", "/metrics", "/nonsense", "/api/v1/demo/", webhook]
    several = [name for name in HEADERS if name not in ("HOST", "AUTHORIZATION", "CONTENT_ENCODING")]
    for names in ([name] for name in HEADERS), [several]:
        for chosen in names:
            headers = {f"HTTP_{name}": value for name in chosen}
            for client, path in product(clients.values(), paths):
                response = client.generic("POST" if path == webhook else "GET", path, b"", JSON, **headers)
                assert response.status_code < 500, (path, chosen, response.content[:300])


@pytest.mark.parametrize("value", NOT_TEXT)
def test_a_header_with_control_characters_is_refused(client, db, value):
    refused_with(400, client.get("/api/v1/demo/", headers={"User-Agent": value}))
    response = client.get("/login/", headers={"User-Agent": value})
    assert (response.status_code, response["Content-Type"]) == (400, "text/html; charset=utf-8")


@pytest.mark.parametrize("parameters", EXTENDED)
def test_an_extended_parameter_of_accept_is_refused(client, db, parameters):
    for path in ("/api/v1/demo/", "/api/v1/schema/"):
        response = client.get(path, headers={"Accept": f"application/json, */*;q=0.8; {parameters}"})
        assert "Accept has a parameter whose name ends" in refused_with(400, response)["detail"]


@pytest.mark.parametrize("parameters", EXTENDED)
@pytest.mark.parametrize(
    "line", ["content-disposition: form-data; name=a", "content-type: text/plain", "x: y"]
)
def test_an_extended_parameter_in_a_part_of_a_form_is_refused(client, db, parameters, line):
    body = f"--b\r\nx-a: b\r\n{line}; {parameters}\r\n\r\n; x*=text\r\n--b--\r\n"
    for path in ("/login/", "/api/v1/auth/token/"):
        response = client.generic("POST", path, body, "multipart/form-data; boundary=b")
        assert (response.status_code, b"of a part of the form has" in response.content) == (400, True)


def test_a_multipart_form_may_contain_any_text(client, db):
    assert client.post("/login/", {"username": "a; x*=b; x*0*=c", "password": "; x*=b"}).status_code == 200


def test_an_accept_header_without_extended_parameters_is_accepted(client, db):
    for accept in ("text/html, *; q=.2, */*; q=.2", 'a/b; t="x*y", */*', "application/*;q=1"):
        assert client.get("/api/v1/schema/", headers={"Accept": accept}).status_code == 200


def test_a_form_with_too_many_parts_is_refused(client, db):
    response = client.generic(
        "POST", "/api/v1/demo/enable/", b"--b\r\n" * 1_001, "multipart/form-data; boundary=b"
    )
    assert refused_with(400, response)["detail"] == "The form has too many parts."


def test_a_request_id_of_the_client_is_replaced(client, db):
    response = client.get("/api/v1/demo/", headers={"X-Request-ID": "é" * 300})
    assert len(response["X-Request-ID"]) == 36


@pytest.mark.sample(1)
@pytest.mark.parametrize("nul", ["%00", "a%00b", "\x00"])
@pytest.mark.parametrize("step", [4, pytest.param(1, marks=pytest.mark.long)])
def test_no_nul_in_a_path_or_a_query_makes_an_address_answer_5xx(clients, nul, step):
    for address in list(addresses())[::step]:
        for path in (
            f"{address}?x={nul}",
            f"{address}{nul}",
            f"{address}?q={nul}&p={nul}&o={nul}&status__exact={nul}",
        ):
            for client in clients.values():
                response = client.generic("GET", path)
                assert response.status_code < 500, (path, response.content[:300])


def test_a_nul_in_a_query_parameter_of_the_api_is_never_answered_5xx(clients):
    described = clients["operator"].get("/api/v1/schema/?format=json").json()["paths"]
    for path, methods in described.items():
        for method, operation in methods.items():
            for parameter in operation.get("parameters", []):
                if parameter["in"] == "query":
                    asked = (
                        path.format(id=1, uuid=FILL["uuid"], name="viral-spike") + f"?{parameter['name']}=%00"
                    )
                    response = clients["operator"].generic(method.upper(), asked, b"{}", JSON)
                    assert response.status_code < 500, asked


def test_a_form_with_a_nul_is_refused(client, page):
    for path in ("/login/", "/settings/", "/demo/enable/"):
        assert page.post(path, {"username": "a\x00b", "password": "x"}).status_code == 400
        form = "username=a%00b&password=x"
        assert page.post(path, form, "application/x-www-form-urlencoded").status_code == 400


def test_a_multipart_form_may_contain_percent_00(client, db):
    """Multipart forms are not percent-encoded, so these three characters are not a NUL."""
    for path in ("/login/", "/api/v1/auth/token/"):
        response = client.post(path, {"username": "a%00b", "password": "100%00"})
        assert b"NUL" not in response.content
    assert client.post("/login/", {"username": "a%00b", "password": "x"}).status_code == 200


@pytest.mark.parametrize("path", ["demo/disable/", "demo/disable", "demo/pause/", "auth/token/"])
@pytest.mark.parametrize("length", [None, "", "0"])
def test_a_chunked_body_that_the_server_did_not_decode_is_answered_411(page, path, length):
    environ = {"HTTP_TRANSFER_ENCODING": "chunked"} | ({} if length is None else {"CONTENT_LENGTH": length})
    assert "Content-Length" in refused_with(411, page.generic("POST", f"/api/v1/{path}", **environ))["hint"]


def test_a_chunked_form_that_the_server_did_not_decode_is_answered_411(page, alice):
    demo_of(alice)
    response = page.generic("POST", "/demo/disable/", HTTP_TRANSFER_ENCODING="chunked")
    assert (response.status_code, response["Content-Type"]) == (411, "text/html; charset=utf-8")
    assert DemoAccount.objects.get(user=alice).state == State.ACTIVE


@pytest.mark.parametrize("length", ["-1", "+2", "2, 2", "two", "0x2", "2.0", " 2", "٢", "1_0", "9" * 20])
def test_a_content_length_that_is_not_a_number_is_answered_400(page, length):
    response = page.generic("POST", "/api/v1/demo/disable/", b"{}", JSON, CONTENT_LENGTH=length)
    refused_with(400, response)


def test_a_truncated_body_has_no_effect(page, alice):
    demo_of(alice)
    for body in (b"", b"{}"):
        sent = page.generic(
            "POST",
            "/api/v1/demo/disable/",
            body,
            JSON,
            **{"CONTENT_LENGTH": "40", "wsgi.input": BytesIO(body)},
        )
        assert "ended after" in refused_with(400, sent)["detail"]
    assert DemoAccount.objects.get(user=alice).state == State.ACTIVE


@pytest.mark.parametrize("coding", ["gzip", "br", "deflate", "GZIP", "identity, gzip", "nonsense"])
def test_an_encoded_body_is_answered_415(page, coding):
    response = page.generic("POST", "/api/v1/demo/disable/", b"\x1f\x8b", JSON, HTTP_CONTENT_ENCODING=coding)
    refused_with(415, response)


def test_the_content_encoding_identity_is_accepted(page):
    response = page.generic("POST", "/api/v1/demo/disable/", b"{}", JSON, HTTP_CONTENT_ENCODING="identity")
    assert response.status_code == 200


def part(
    value: str = "bob", head: str = 'Content-Disposition: form-data; name="user"', end: str = "\r\n"
) -> str:
    return f"--b{end}{head}{end}{end}{value}{end}"


UNREADABLE_FORMS = {
    "lines that end in LF": part(end="\n") + "--b--\n",
    "JSON": '{"user": "bob"}',
    "no name": part(head="Content-Disposition: form-data") + "--b--\r\n",
    "no disposition": part(head="Content-Type: text/plain") + "--b--\r\n",
    "a folded header": part(head='Content-Disposition: form-data;\r\n name="user"') + "--b--\r\n",
    "a file without a name": part(head='Content-Disposition: form-data; name="user"; filename="/"')
    + "--b--\r\n",
    "one part of two": part(head='Content-Disposition: form-data; name="x"') + part(end="\n") + "--b--\r\n",
    "no last boundary": part(),
    "another boundary": part().replace("--b", "--c") + "--c--\r\n",
    "text": "user=bob",
}


@pytest.mark.sample(4)
@pytest.mark.parametrize("kind", UNREADABLE_FORMS)
@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/api/v1/demo/disable/"), ("PATCH", "/api/v1/demo/"), ("POST", "/demo/disable/")],
)
def test_a_form_with_an_unreadable_part_is_refused(page, alice, kind, method, path):
    User.objects.update(is_staff=True)
    demo_of(alice)
    sent = page.generic(method, path, UNREADABLE_FORMS[kind], "multipart/form-data; boundary=b")
    assert (sent.status_code, DemoAccount.objects.get(user=alice).state) == (400, State.ACTIVE)


def test_a_form_whose_parts_are_readable_is_accepted(page, alice, bob):
    User.objects.update(is_staff=True)
    for user in (alice, bob):
        demo_of(user)
    sent = page.generic(
        "POST", "/api/v1/demo/disable/", part() + "--b--\r\n", "multipart/form-data; boundary=b"
    )
    assert (sent.status_code, sent.json()["state"]) == (202, "disabling")
    states = DemoAccount.objects.values_list("user__username", "state")
    assert dict(states) == {"alice": State.ACTIVE, "bob": State.DISABLING}


def test_a_form_of_ampersands_only_is_refused(page, alice):
    demo_of(alice)
    for path in ("/api/v1/demo/disable/", "/demo/disable/"):
        assert page.generic("POST", path, "&&&", "application/x-www-form-urlencoded").status_code == 400
    assert DemoAccount.objects.get(user=alice).state == State.ACTIVE


def test_a_page_accepts_forms_only(page, alice):
    demo_of(alice)
    for kind in (JSON, "text/plain", "", "application/octet-stream"):
        assert page.generic("POST", "/demo/disable/", b'{"a": 1}', kind).status_code == 415
    assert DemoAccount.objects.get(user=alice).state == State.ACTIVE
    assert page.post("/demo/disable/").status_code == 302


@pytest.mark.parametrize(
    ("path", "limit"),
    [
        ("/api/v1/auth/token/", 8 * 1024),
        ("/api/v1/auth/token", 8 * 1024),
        ("/api/v1/demo/enable", 160 * 1024),
        ("/api/v1/auth/tokens/", 160 * 1024),
        ("/login/", 8 * 1024),
        ("/nonsense", 160 * 1024),
        ("/admin/login/", 8 * 1024),
        ("/admin/auth/group/add/", 512 * 1024),
        ("/api/v1/interactions/7/reply/", 790_528),
        ("/api/v1/interactions/7/reply", 790_528),
        ("/api/v1/interactions/7/", 160 * 1024),
        ("/api/v1/webhooks/profiles/6f1c2a1e-5d0b-4c1f-9a57-0a5f4b1c9e11/", 5 * 1024 * 1024),
    ],
)
def test_each_route_has_a_body_limit_that_the_refusal_names(client, db, path, limit):
    kind = JSON if path.startswith("/api/") else "application/x-www-form-urlencoded"
    too_large = client.generic("POST", path, b" " * (limit + 1), kind)
    assert (too_large.status_code, f"at most {limit} bytes" in too_large.content.decode()) == (413, True)
    assert client.generic("POST", path, b" " * limit, kind).status_code != 413


def test_the_longest_reply_is_accepted_however_it_is_escaped(page, live):
    comment = Interaction.objects.get(profile=live, type="comment")
    for ascii_only in (True, False):
        body = json.dumps({"text": "😀" * 65_536}, ensure_ascii=ascii_only).encode()
        response = page.generic("POST", f"/api/v1/interactions/{comment.pk}/reply/", body, JSON)
        assert response.status_code == 201, response.content[:300]


def test_an_address_that_is_too_long_is_answered_414(client, db):
    refused_with(414, client.get("/api/v1/demo/?x=" + "x" * 8_192))


def test_nginx_has_the_same_limits_as_the_application():
    text = mounted_template().read_text()
    named = {
        int(part.split("k;")[0]) * 1024
        for part in text.split("client_max_body_size ")[1:]
        if "k;" in part[:6]
    }
    named |= {int(part[0]) * 2**20 for part in text.split("client_max_body_size ")[1:] if part[1] == "m"}
    limits = {request_limits.DEFAULT_MAX_BODY_BYTES, *(limit for _, limit in request_limits.MAX_BODY_BYTES)}
    assert named == limits
    assert all(str(limit) in text for limit in limits - {512 * 1024})
    assert f"large_client_header_buffers 4 {request_limits.MAX_ADDRESS_BYTES // 1024}k;" in text


def test_a_refused_rotation_changes_no_secret(page, live):
    before = Profile.objects.get(pk=live.pk).webhook_secret
    sent = page.generic(
        "POST", f"/api/v1/profiles/{live.pk}/rotate-secret/", HTTP_TRANSFER_ENCODING="chunked"
    )
    refused_with(411, sent)
    assert Profile.objects.get(pk=live.pk).webhook_secret == before


@pytest.mark.parametrize("debug", [True, False])
@pytest.mark.parametrize("path", ["/login/", "/comments/", "/api/v1/demo/", "/nowhere"])
def test_at_most_a_thousand_parameters_are_accepted(page, settings, path, debug):
    settings.DEBUG = debug
    for many, code in ((1_000, None), (1_001, 400), (4_000, 400)):
        response = page.get(f"{path}?{'&'.join(['a'] * many)}")
        assert (response.status_code == code) == (code is not None), many
        assert (b"The address has too many parameters." in response.content) == (code is not None)


def test_a_form_with_more_than_a_thousand_fields_is_refused(client, db, settings):
    settings.DEBUG = True
    form = {"data": "&".join(["a"] * 1_001), "content_type": "application/x-www-form-urlencoded"}
    response = client.post("/login/", **form)
    assert (
        response.status_code,
        b"The form has too many fields. Send at most 1000." in response.content,
    ) == (
        400,
        True,
    )
