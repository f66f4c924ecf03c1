"""Any header, cookie, URL or form of an anonymous client is accepted, ignored or refused, without a 5xx."""

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
ODD = [
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
EXTENDED = [  # RFC 2231 parameters; some make Python's parser fail
    "x*=utf-8''b; x*0*=b",
    "x*0=a; x*",
    "x*=foo''%ff",
    "X*0*=utf-8''%0d%0aX-Injected: 1",
    "x*=unicode_escape''%5cud800",
    "x*" + "9" * 200 + "=a",
]
FILL = {"uuid": "6f1c2a1e-5d0b-4c1f-9a57-0a5f4b1c9e11", "days": "1", "pk": "1", "format": "json"}


def urls() -> list[str]:
    """Return a URL of every route, including the admin's."""
    found = sorted({*_urls(get_resolver(), "/")} - {"/readyz/"})  # 503 without a beat
    assert len(found) > 60
    return found


def _urls(resolver: URLResolver, prefix: str) -> Iterator[str]:
    for one in resolver.url_patterns:
        part = prefix + _filled(one)
        if isinstance(one, URLPattern):
            yield part
        else:
            yield from _urls(one, part)


def _filled(one: URLPattern | URLResolver) -> str:
    """Return the pattern with values for its parameters."""
    text = str(one.pattern)
    for name in one.pattern.converters:
        text = text.replace(next(part for part in text.split("<") if f"{name}>" in part), f"{name}>")
        text = text.replace(f"<{name}>", FILL.get(name, "1"))
    for name in one.pattern.regex.groupindex:
        start = text.find(f"(?P<{name}>")
        if start >= 0:
            text = text[:start] + FILL.get(name, "1") + text[_end(text, start) :]
    return text.replace("\\.", ".").replace("^", "").replace("$", "").replace("/?", "/").replace("\\Z", "")


def _end(text: str, start: int) -> int:
    depth = 0
    for index in range(start, len(text)):
        depth += (text[index] == "(") - (text[index] == ")")
        if depth == 0:
            return index + 1
    raise AssertionError(text)


@pytest.fixture
def clients(db) -> dict[str, Client]:
    """Return an anonymous client and an operator's; both get error answers instead of exceptions."""
    operator = Client(raise_request_exception=False)
    operator.force_login(User.objects.create_superuser("operator"))
    return {"anonymous": Client(raise_request_exception=False), "operator": operator}


def refused_with(code: int, answer) -> dict:
    assert (answer.status_code, answer["Content-Type"]) == (code, "application/problem+json")
    problem = json.loads(answer.content)
    assert (problem["status"], problem["title"]) == (code, HTTPStatus(code).phrase)
    assert problem["hint"]
    assert len(answer["X-Request-ID"]) == 36
    return problem


@pytest.mark.parametrize(
    ("code", "heading", "asked"),
    [
        (400, "This cannot be read", {"path": "/login/?next=%00"}),
        (411, "This cannot be read", {"path": "/login/", "HTTP_TRANSFER_ENCODING": "chunked"}),
        (413, "This is too large", {"path": "/login/", "CONTENT_LENGTH": "7000000"}),
        (414, "This address is too long", {"path": "/login/?" + "x" * 8_192}),
        (415, "This cannot be read", {"path": "/login/", "data": b"{}", "content_type": JSON}),
    ],
)
def test_a_refused_page_request_gets_our_page_with_a_request_id(client, db, code, heading, asked):
    answer = client.generic("POST", **asked)
    shown = answer.content.decode()
    assert (answer.status_code, answer["Content-Type"]) == (code, "text/html; charset=utf-8")
    assert f"<h1>{heading}</h1>" in shown
    assert ('<section class="card narrow">' in shown, "perennial/style.css" in shown) == (True, True)
    assert len(answer["X-Request-ID"]) == 36


def test_no_url_forges_a_log_line(client, db, caplog):
    answer = client.get("/api/v1/%0aforged%1b%c2%85%00/")
    refused_with(400, answer)
    [line] = [record.getMessage() for record in caplog.records if "refused with 400" in record.getMessage()]
    assert line.startswith("A request for /api/v1/%0Aforged%1B%C2%85%00/ was refused")
    coded = client.post("/api/v1/demo/", {}, JSON, headers={"Content-Encoding": "gzip\x85forged"})
    refused_with(415, coded)
    assert "\x85" not in caplog.records[-1].getMessage()


def test_a_session_cookie_with_a_nul_is_ignored(client, db):
    client.cookies.load('sessionid="\\000aaaaaaaaaaaaaaa"')
    assert client.get("/").status_code == 302
    assert client.get("/login/").status_code == 200
    assert client.get("/api/v1/demo/").status_code == 401


@pytest.mark.parametrize(
    "value",
    ['"\\000aaaaaaaaaaaaaaa"', "\\377", '"\\012"', '"\\200\\201"', "x" * 5_000, "é", "a=b; ;;="],
)
def test_no_cookie_causes_a_5xx_at_any_url(clients, value):
    cookies = "; ".join(f"{name}={value}" for name in ("csrftoken", "messages", "anything", "a\\b"))
    session = {
        "anonymous": f"sessionid={value}",
        "operator": str(clients["operator"].cookies["sessionid"].OutputString()),
    }
    for address in urls():
        for who, client in clients.items():
            answer = client.generic("GET", address, b"", HTTP_COOKIE=f"{session[who]}; {cookies}")
            assert answer.status_code < 500, (address, answer.content[:300])


@pytest.mark.parametrize("value", ODD)
def test_no_header_causes_a_5xx(clients, live, value):
    webhook = f"/api/v1/webhooks/profiles/{live.uuid}/"
    paths = ["/", "/login/", "/admin/", "/metrics", "/nonsense", "/api/v1/demo/", webhook]
    several = [name for name in HEADERS if name not in ("HOST", "AUTHORIZATION", "CONTENT_ENCODING")]
    for names in ([name] for name in HEADERS), [several]:
        for chosen in names:
            headers = {f"HTTP_{name}": value for name in chosen}
            for client, path in product(clients.values(), paths):
                answer = client.generic("POST" if path == webhook else "GET", path, b"", JSON, **headers)
                assert answer.status_code < 500, (path, chosen, answer.content[:300])


@pytest.mark.parametrize("value", NOT_TEXT)
def test_a_header_that_is_not_text_is_refused(client, db, value):
    refused_with(400, client.get("/api/v1/demo/", headers={"User-Agent": value}))
    answer = client.get("/login/", headers={"User-Agent": value})
    assert (answer.status_code, answer["Content-Type"]) == (400, "text/html; charset=utf-8")


@pytest.mark.parametrize("parameters", EXTENDED)
def test_an_extended_parameter_of_accept_is_refused(client, db, parameters):
    for path in ("/api/v1/demo/", "/api/v1/schema/"):
        answer = client.get(path, headers={"Accept": f"application/json, */*;q=0.8; {parameters}"})
        assert "Accept has a parameter whose name ends" in refused_with(400, answer)["detail"]


@pytest.mark.parametrize("parameters", EXTENDED)
@pytest.mark.parametrize(
    "line", ["content-disposition: form-data; name=a", "content-type: text/plain", "x: y"]
)
def test_an_extended_parameter_in_a_part_of_a_form_is_refused(client, db, parameters, line):
    body = f"--b\r\nx-a: b\r\n{line}; {parameters}\r\n\r\n; x*=text\r\n--b--\r\n"
    for path in ("/login/", "/api/v1/auth/token/"):
        answer = client.generic("POST", path, body, "multipart/form-data; boundary=b")
        assert (answer.status_code, b"of a part of the form has" in answer.content) == (400, True)


def test_a_multipart_form_may_contain_any_text(client, db):
    assert client.post("/login/", {"username": "a; x*=b; x*0*=c", "password": "; x*=b"}).status_code == 200


def test_an_accept_without_extended_parameters_is_accepted(client, db):
    for accept in ("text/html, *; q=.2, */*; q=.2", 'a/b; t="x*y", */*', "application/*;q=1"):
        assert client.get("/api/v1/schema/", headers={"Accept": accept}).status_code == 200


def test_a_form_has_a_maximum_of_parts(client, db):
    answer = client.generic(
        "POST", "/api/v1/demo/enable/", b"--b\r\n" * 1_001, "multipart/form-data; boundary=b"
    )
    assert refused_with(400, answer)["detail"] == "The form has too many parts."


def test_the_request_id_of_a_client_is_not_used(client, db):
    answer = client.get("/api/v1/demo/", headers={"X-Request-ID": "é" * 300})
    assert len(answer["X-Request-ID"]) == 36


@pytest.mark.parametrize("nul", ["%00", "a%00b", "\x00"])
def test_no_nul_in_a_path_or_a_query_causes_a_5xx(clients, nul):
    for address in urls():
        for asked in (
            f"{address}?x={nul}",
            f"{address}{nul}",
            f"{address}?q={nul}&p={nul}&o={nul}&status__exact={nul}",
        ):
            for client in clients.values():
                answer = client.generic("GET", asked)
                assert answer.status_code < 500, (asked, answer.content[:300])


def test_every_parameter_of_the_api_refuses_a_nul(clients):
    described = clients["operator"].get("/api/v1/schema/?format=json").json()["paths"]
    for path, methods in described.items():
        for method, operation in methods.items():
            for parameter in operation.get("parameters", []):
                if parameter["in"] == "query":
                    asked = (
                        path.format(id=1, uuid=FILL["uuid"], name="viral-spike") + f"?{parameter['name']}=%00"
                    )
                    answer = clients["operator"].generic(method.upper(), asked, b"{}", JSON)
                    assert answer.status_code < 500, asked


def test_a_form_with_a_nul_is_refused(client, page):
    for path in ("/login/", "/settings/", "/demo/enable/"):
        assert page.post(path, {"username": "a\x00b", "password": "x"}).status_code == 400
        form = "username=a%00b&password=x"
        assert page.post(path, form, "application/x-www-form-urlencoded").status_code == 400


def test_a_multipart_form_may_contain_percent_00(client, db):
    """It is not decoded in multipart, so the three characters are not a NUL."""
    for path in ("/login/", "/api/v1/auth/token/"):
        answer = client.post(path, {"username": "a%00b", "password": "100%00"})
        assert b"NUL" not in answer.content
    assert client.post("/login/", {"username": "a%00b", "password": "x"}).status_code == 200


@pytest.mark.parametrize("path", ["demo/disable/", "demo/disable", "demo/pause/", "auth/token/"])
@pytest.mark.parametrize("length", [None, "", "0"])
def test_a_body_in_chunks_that_the_server_did_not_decode_is_411(page, path, length):
    environ = {"HTTP_TRANSFER_ENCODING": "chunked"} | ({} if length is None else {"CONTENT_LENGTH": length})
    assert "Content-Length" in refused_with(411, page.generic("POST", f"/api/v1/{path}", **environ))["hint"]


def test_a_form_in_chunks_that_the_server_did_not_decode_is_411(page, alice):
    demo_of(alice)
    answer = page.generic("POST", "/demo/disable/", HTTP_TRANSFER_ENCODING="chunked")
    assert (answer.status_code, answer["Content-Type"]) == (411, "text/html; charset=utf-8")
    assert DemoAccount.objects.get(user=alice).state == State.ACTIVE


@pytest.mark.parametrize("length", ["-1", "+2", "2, 2", "two", "0x2", "2.0", " 2", "٢", "1_0", "9" * 20])
def test_a_content_length_that_is_not_a_number_is_400(page, length):
    answer = page.generic("POST", "/api/v1/demo/disable/", b"{}", JSON, CONTENT_LENGTH=length)
    refused_with(400, answer)


def test_a_truncated_body_changes_nothing(page, alice):
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
def test_an_encoded_body_is_415(page, coding):
    answer = page.generic("POST", "/api/v1/demo/disable/", b"\x1f\x8b", JSON, HTTP_CONTENT_ENCODING=coding)
    refused_with(415, answer)


def test_the_content_encoding_identity_is_accepted(page):
    answer = page.generic("POST", "/api/v1/demo/disable/", b"{}", JSON, HTTP_CONTENT_ENCODING="identity")
    assert answer.status_code == 200


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


def test_a_form_with_readable_parts_is_accepted(page, alice, bob):
    User.objects.update(is_staff=True)
    for user in (alice, bob):
        demo_of(user)
    sent = page.generic(
        "POST", "/api/v1/demo/disable/", part() + "--b--\r\n", "multipart/form-data; boundary=b"
    )
    assert (sent.status_code, sent.json()["state"]) == (202, "disabling")
    states = DemoAccount.objects.values_list("user__username", "state")
    assert dict(states) == {"alice": State.ACTIVE, "bob": State.DISABLING}


def test_a_form_of_ampersands_is_refused(page, alice):
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
    ("path", "most"),
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
def test_each_route_has_a_body_limit_named_in_the_error(client, db, path, most):
    kind = JSON if path.startswith("/api/") else "application/x-www-form-urlencoded"
    over = client.generic("POST", path, b" " * (most + 1), kind)
    assert (over.status_code, f"at most {most} bytes" in over.content.decode()) == (413, True)
    assert client.generic("POST", path, b" " * most, kind).status_code != 413


def test_the_longest_reply_fits_with_any_escapes(page, live):
    comment = Interaction.objects.get(profile=live, type="comment")
    for ascii_only in (True, False):
        body = json.dumps({"text": "😀" * 65_536}, ensure_ascii=ascii_only).encode()
        answer = page.generic("POST", f"/api/v1/interactions/{comment.pk}/reply/", body, JSON)
        assert answer.status_code == 201, answer.content[:300]


def test_a_too_long_url_is_414(client, db):
    refused_with(414, client.get("/api/v1/demo/?x=" + "x" * 8_192))


def test_nginx_has_the_limits_of_the_application():
    text = mounted_template().read_text()
    named = {
        int(part.split("k;")[0]) * 1024
        for part in text.split("client_max_body_size ")[1:]
        if "k;" in part[:6]
    }
    named |= {int(part[0]) * 2**20 for part in text.split("client_max_body_size ")[1:] if part[1] == "m"}
    assert named == {request_limits.DEFAULT_BODY_BYTES, *(most for _, most in request_limits.BODY_BYTES)}
    for most in {request_limits.DEFAULT_BODY_BYTES, *(most for _, most in request_limits.BODY_BYTES)} - {
        512 * 1024
    }:
        assert str(most) in text
    assert f"large_client_header_buffers 4 {request_limits.ADDRESS_BYTES // 1024}k;" in text


def test_a_refused_rotation_changes_no_secret(page, live):
    before = Profile.objects.get(pk=live.pk).webhook_secret
    sent = page.generic(
        "POST", f"/api/v1/profiles/{live.pk}/rotate-secret/", HTTP_TRANSFER_ENCODING="chunked"
    )
    refused_with(411, sent)
    assert Profile.objects.get(pk=live.pk).webhook_secret == before


@pytest.mark.parametrize("debug", [True, False])
@pytest.mark.parametrize("path", ["/login/", "/comments/", "/api/v1/demo/", "/nowhere"])
def test_a_query_has_at_most_a_thousand_parameters(page, settings, path, debug):
    settings.DEBUG = debug
    for many, code in ((1_000, None), (1_001, 400), (4_000, 400)):
        answer = page.get(f"{path}?{'&'.join(['a'] * many)}")
        assert (answer.status_code == code) == (code is not None), many
        assert (b"The address has too many parameters." in answer.content) == (code is not None)


def test_a_form_has_at_most_a_thousand_fields(client, db, settings):
    settings.DEBUG = True
    form = {"data": "&".join(["a"] * 1_001), "content_type": "application/x-www-form-urlencoded"}
    answer = client.post("/login/", **form)
    assert (answer.status_code, b"The form has too many fields. Send at most 1000." in answer.content) == (
        400,
        True,
    )
