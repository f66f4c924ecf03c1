"""The web server as the Procfile starts it: complete, truncated, endless, invalid and too large requests."""

import http.client
import json
import os
import signal
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack

import psutil
import pytest
import requests

from interactions.signing import sign
from tests.nginx_in_front import nginx_in_front
from tests.service_stack import ApiClient, accepts, running_stack, until
from tests.test_flow import blocked_profiles
from tests.test_services import lines
from tests.world import event

pytestmark = pytest.mark.flow
MIB = 1024 * 1024


@pytest.fixture(scope="module")
def stack():
    with running_stack("web", LOG_FORMAT="json") as stack:
        yield stack


@pytest.fixture(scope="module")
def staff(stack) -> ApiClient:
    caller = stack.create_user("staff")
    stack.sql("UPDATE accounts_user SET is_staff = true WHERE username = 'staff'")
    return caller


@pytest.fixture(scope="module")
def servers(stack) -> Iterator[dict[str, int]]:
    with nginx_in_front(stack.port) as port:
        yield {"alone": stack.port, "behind nginx": port}


def chunks(body: bytes, size: int = 7) -> Iterator[bytes]:
    for start in range(0, len(body), size):
        yield body[start : start + size]


def send_chunked(caller: ApiClient, path: str, body: dict, method: str = "POST") -> requests.Response:
    """Send a JSON body to the API in chunks, without Content-Length."""
    headers = caller.headers | {"Content-Type": "application/json"}
    url = f"{caller.stack.url}/api/v1/{path}"
    return requests.request(method, url, data=chunks(json.dumps(body).encode()), headers=headers, timeout=20)


def raw(port: int, sent: bytes) -> tuple[int, dict[str, str], bytes]:
    """Send the bytes; return status code, headers and body of the response."""
    with socket.create_connection(("127.0.0.1", port), 20) as client:
        client.sendall(sent)
        response = http.client.HTTPResponse(client)
        response.begin()
        return (
            response.status,
            {name.lower(): value for name, value in response.getheaders()},
            response.read(),
        )


def problem_of(response: tuple[int, dict[str, str], bytes]) -> dict:
    """The response's problem details, which have a hint."""
    code, headers, body = response
    problem = json.loads(body)
    assert (headers["content-type"], problem["status"]) == ("application/problem+json", code)
    assert problem["hint"]
    return problem


def test_the_user_named_in_a_chunked_body_is_the_one_whose_demo_is_disabled(stack, staff):
    staff.post("demo/enable")
    stack.create_user_with_demo("victim")
    assert send_chunked(staff, "demo/disable/", {"user": "victim"}).status_code == 202
    states = stack.sql(
        "SELECT username, state FROM demo_demoaccount a JOIN accounts_user u ON u.id = user_id"
        " WHERE username IN ('staff', 'victim') ORDER BY username"
    )
    assert states == [("staff", "enabling"), ("victim", "disabling")]


def test_a_chunked_rotation_revokes_the_previous_secret(stack):
    caller = stack.create_user_with_demo("rotates")
    [(id,)] = stack.sql(
        "SELECT p.id FROM accounts_profile p JOIN accounts_user u ON u.id = owner_id"
        " WHERE username = 'rotates' LIMIT 1"
    )
    assert send_chunked(caller, f"profiles/{id}/rotate-secret/", {"keep_previous": False}).status_code == 200
    [(previous,)] = stack.sql("SELECT webhook_secret_previous FROM accounts_profile WHERE id = %s", id)
    assert previous == ""


def test_a_chunked_webhook_is_stored(stack):
    stack.create_user_with_demo("sends")
    [(uuid, secret)] = stack.sql(
        "SELECT p.uuid, webhook_secret FROM accounts_profile p JOIN accounts_user u ON u.id = owner_id"
        " WHERE username = 'sends' LIMIT 1"
    )
    body = json.dumps(
        {"type": "events", "data": {"events": [event("message.created", "in-chunks")]}}
    ).encode()
    response = requests.post(
        f"{stack.url}/api/v1/webhooks/profiles/{uuid}/",
        data=chunks(body, 100),
        headers=sign(secret, "msg_chunks", int(time.time()), body),
        timeout=20,
    )
    assert (response.status_code, response.json()["created"]) == (200, 1)


def test_a_chunked_patch_changes_the_settings(stack):
    caller = stack.create_user_with_demo("patches")
    response = send_chunked(caller, "demo/", {"settings": {"posting_hour": 3}}, "PATCH")
    assert (response.status_code, response.json()["settings"]["posting_hour"]) == (200, 3)


def test_a_chunked_form_logs_in(stack, staff):
    with requests.Session() as browser:
        page = browser.get(f"{stack.url}/login/", timeout=20)
        token = page.text.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
        form = f"csrfmiddlewaretoken={token}&username=staff&password=staff".encode()
        response = browser.post(
            f"{stack.url}/login/",
            data=chunks(form),
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            allow_redirects=False,
            timeout=20,
        )
    assert (response.status_code, response.headers["Location"]) == (302, "/")


def test_an_empty_chunked_body_is_treated_as_no_body(stack):
    caller = stack.create_user_with_demo("disables")
    response = requests.post(
        f"{stack.url}/api/v1/demo/disable/", data=iter(()), headers=caller.headers, timeout=20
    )
    assert (response.status_code, response.json()["state"]) == (202, "disabling")


@pytest.mark.parametrize(
    ("framing", "code"),
    [
        (b"Content-Length: -5\r\n", 400),
        (b"Content-Length: +2\r\n", 400),
        (b"Content-Length: 2, 2\r\n", 400),
        (b"Content-Length: 2\r\nContent-Length: 3\r\n", 400),
        (b"Content-Length: 0x2\r\n", 400),
        (b"Content-Length: " + b"9" * 5_000 + b"\r\n", 400),
        (b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n", 400),
        (b"Transfer-Encoding: gzip, chunked\r\n", 501),
        (b"Transfer-Encoding: identity\r\n", 501),
        (b"Content-Length: 2\r\nContent-Encoding: gzip\r\n", 415),
        (b"Content-Length: 2\r\nContent-Encoding: br\r\n", 415),
    ],
)
def test_a_body_with_an_ambiguous_length_or_an_encoding_is_refused(stack, staff, framing, code):
    token = staff.headers["Authorization"].encode()
    head = b"POST /api/v1/demo/disable/ HTTP/1.1\r\nHost: localhost\r\nAuthorization: " + token + b"\r\n"
    response = raw(stack.port, head + b"Content-Type: application/json\r\n" + framing + b"\r\n{}")
    assert response[0] == code
    problem_of(response)


def test_a_chunked_body_over_http_1_0_is_refused(stack, staff):
    token = staff.headers["Authorization"].encode()
    head = b"POST /api/v1/demo/disable/ HTTP/1.0\r\nHost: localhost\r\nAuthorization: " + token + b"\r\n"
    response = raw(stack.port, head + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n")
    assert response[0] == 411
    problem_of(response)


@pytest.mark.parametrize(
    "body",
    [
        b"zz\r\n{}\r\n0\r\n\r\n",
        b"2\r\n{}xx0\r\n\r\n",
        b"-2\r\n{}\r\n0\r\n\r\n",
        b"1" * 2_000,
        b"2\r\n{}\r\n0\r\nX: " + b"x" * 10_000 + b"\r\n\r\n",
    ],
)
def test_invalid_chunks_are_answered_400(stack, body):
    head = b"POST /api/v1/auth/token/ HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert problem_of(raw(stack.port, head + body))["status"] == 400


@pytest.mark.sample(2)
@pytest.mark.parametrize(
    "framing", [b"Content-Length: 30\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n1e\r\n"]
)
@pytest.mark.parametrize("sent", [b"", b"{", b"{}"])
def test_a_truncated_request_has_no_effect(stack, framing, sent):
    caller = stack.create_user_with_demo(f"cut-{len(framing)}-{len(sent)}")
    token = caller.headers["Authorization"].encode()
    head = b"POST /api/v1/demo/disable/ HTTP/1.1\r\nHost: localhost\r\nAuthorization: " + token + b"\r\n"
    with socket.create_connection(("127.0.0.1", stack.port), 20) as client:
        client.sendall(head + b"Content-Type: application/json\r\n" + framing + sent)
        client.shutdown(socket.SHUT_WR)
        assert client.recv(1_000) == b""
    assert caller.demo()["state"] == "enabling"


def test_a_chunk_that_is_announced_too_large_is_answered_413_before_it_is_sent(stack):
    head = b"POST /api/v1/auth/token/ HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert problem_of(raw(stack.port, head + b"f" * 500 + b"\r\n"))["status"] == 413


def test_expect_100_continue_is_answered_100(stack):
    head = b"POST /api/v1/auth/token/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    with socket.create_connection(("127.0.0.1", stack.port), 20) as client:
        client.sendall(head + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        assert client.recv(1_000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b"{}")
        assert client.recv(1_000).startswith(b"HTTP/1.1 400 Bad Request\r\n")


@pytest.mark.parametrize("length", [b"0", b"7000000"])
def test_expect_100_continue_without_a_valid_body_gets_the_final_response_at_once(stack, length):
    head = b"POST /api/v1/auth/token/ HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: "
    with socket.create_connection(("127.0.0.1", stack.port), 5) as client:
        client.sendall(head + length + b"\r\n\r\n")
        assert client.recv(1_000).startswith(b"HTTP/1.1 4")


@pytest.mark.sample(4)
@pytest.mark.parametrize("size", [7 * MIB, 50 * MIB])
@pytest.mark.parametrize("framing", ["plain", "chunked"])
@pytest.mark.parametrize("server", ["alone", "behind nginx"])
@pytest.mark.parametrize("path", ["webhooks/profiles/6f1c2a1e-5d0b-4c1f-9a57-0a5f4b1c9e11", "auth/token"])
def test_a_client_that_sends_too_much_sees_413(servers, tmp_path, size, framing, server, path):
    url = f"http://127.0.0.1:{servers[server]}/api/v1/{path}/"
    body = b"[" * size
    sent = body if framing == "plain" else chunks(body, MIB)
    response = requests.post(url, data=sent, timeout=30)
    assert (response.status_code, response.json()["title"]) == (413, "Request Entity Too Large")
    assert "bytes" in response.json()["detail"]
    client = http.client.HTTPConnection("127.0.0.1", servers[server], timeout=30)
    client.request("POST", f"/api/v1/{path}/", body if framing == "plain" else chunks(body, MIB))
    assert client.getresponse().status == 413
    client.close()
    (tmp_path / "body").write_bytes(body)
    command = [
        "curl",
        "-s",
        "-o",
        "/dev/null",
        "-w",
        "%{http_code}",
        "--data-binary",
        f"@{tmp_path}/body",
        url,
    ]
    extra = ["-H", "Transfer-Encoding: chunked"] if framing == "chunked" else []
    curl = subprocess.run([*command, *extra], capture_output=True, text=True, check=False, timeout=60)
    assert (curl.stdout, curl.returncode) == ("413", 0)


def test_outside_of_the_api_a_refusal_is_an_html_page(stack):
    response = requests.post(f"{stack.url}/login/", data=b"x" * 7 * MIB, timeout=30)
    assert (response.status_code, response.headers["Content-Type"]) == (413, "text/html; charset=utf-8")
    assert "<h1>The request is too large</h1>" in response.text
    assert "The body is too large" in response.text


@pytest.mark.parametrize("server", ["alone", "behind nginx"])
@pytest.mark.parametrize(
    ("head", "nginx_code", "own_code"),
    [
        (b"GET /api/v1/demo/?search=" + b"x" * 9_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 414, 414),
        (b"GET /api/v1/demo/ HTTP/1.1\r\nHost: localhost\r\nX-A: " + b"x" * 40_000 + b"\r\n\r\n", 400, 431),
        (b"GET /api/v1/demo/ HTTP/1.1\r\nHost: localhost\r\nno header\r\n\r\n", 400, 400),
        (b"GET /api/v1/demo/ HTTP/1.1\r\nHost: localhost\r\nX-A: \x00\r\n\r\n", 400, 400),
        (b"GET /api/v1/demo/ HTTP/1.1\r\nHost: \xff\r\n\r\n", 400, 400),
    ],
)
def test_a_too_long_or_invalid_request_is_answered_with_problem_details(
    servers, server, head, nginx_code, own_code
):
    response = raw(servers[server], head)
    assert response[0] == (own_code if server == "alone" else nginx_code)
    problem_of(response)


@pytest.mark.parametrize(
    "kind",
    [
        b"application/json; x*=utf-8''b; x*0*=b",
        b"multipart/form-data; boundary*0=b; boundary*1=c",
        b"application/x-www-form-urlencoded; charset*=hex''a; charset*0=b",
        b'application/json;"' + b";" * 7_000,
        b"multipart/*; boundary=b",
        b"*/x-www-form-urlencoded",
    ],
)
@pytest.mark.parametrize("server", ["alone", "behind nginx"])
def test_an_unreadable_content_type_is_answered_400(servers, server, kind):
    body = b"--b\r\nContent-Disposition: form-data; name=a; x*=utf-8''b; x*0*=b\r\n\r\n\r\n--b--"
    for path in (b"/api/v1/auth/token/", b"/api/v1/nonsense/"):
        head = b"POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\nContent-Type: %s\r\n\r\n"
        response = raw(servers[server], head % (path, len(body), kind) + body)
        assert response[0] == 400
        assert "The header Content-Type" in problem_of(response)["detail"]
    head = b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Type: %s\r\n\r\n" % kind
    assert raw(servers[server], head)[1]["content-type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize("server", ["alone", "behind nginx"])
@pytest.mark.parametrize("target", [b"//api/v1/demo/", b"http://h:1/api/v1/demo/", b"HTTP://h//api/v1/demo/"])
def test_refusals_of_the_api_are_problem_details_for_every_form_of_the_request_target(
    servers, server, target
):
    for sent in (
        b"X: \r\nno header\r\n\r\n",
        b"Content-Length: 7000000\r\n\r\n",
        b"Transfer-Encoding: gzip\r\n\r\n",
    ):
        response = raw(servers[server], b"POST %s HTTP/1.1\r\nHost: localhost\r\n" % target + sent)
        assert problem_of(response)["status"] in (400, 413, 501)


@pytest.mark.parametrize("server", ["alone", "behind nginx"])
def test_the_webhook_has_the_same_body_limit_with_two_leading_slashes(servers, server):
    head = b"POST //api/v1/webhooks/profiles/6f1c2a1e-5d0b-4c1f-9a57-0a5f4b1c9e11/ HTTP/1.1\r\nHost: localhost\r\n"
    body = b"x" * 200_000
    assert raw(servers[server], head + b"Content-Length: 200000\r\n\r\n" + body)[0] == 404


def test_incomplete_bodies_take_little_memory(stack):
    main = psutil.Process(stack.processes["web"].pid)
    head = b"POST /api/v1/webhooks/profiles/x/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000000\r\n\r\n"
    before = sum(process.memory_info().rss for process in main.children())
    clients = [socket.create_connection(("127.0.0.1", stack.port), 20) for _ in range(96)]
    try:
        for client in clients:
            client.sendall(head + b"[" * 1_000_000)
        time.sleep(1)
        assert requests.get(f"{stack.url}/healthz", timeout=20).ok
        used = sum(process.memory_info().rss for process in main.children()) - before
    finally:
        for client in clients:
            client.close()
    assert used < 32 * MIB


@pytest.mark.parametrize(
    ("head", "code"),
    [
        (b"GET /api/v1/%0aforged%c2%85 HTTP/1.1\r\nHost: localhost\r\nno header\r\n\r\n", 400),
        (b"GET /api/v1/demo/?search=" + b"x" * 9_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 414),
        (b"GET /api/v1/demo/ HTTP/1.1\r\nHost: localhost\r\nX-A: " + b"x" * 40_000 + b"\r\n\r\n", 431),
        (b"POST /api/v1/demo/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 7000000\r\n\r\n", 413),
        (b"POST /api/v1/demo/ HTTP/1.1\r\nHost: a b\r\nContent-Length: 0\r\n\r\n", 400),
    ],
)
def test_the_log_line_of_a_refusal_has_the_request_id_of_the_response(stack, head, code):
    status, headers, _ = raw(stack.port, head)
    found = [line for line in lines(stack, "web") if line.get("request_id") == headers["x-request-id"]]
    assert status == code
    assert [f"was refused with {code}: " in line["event"] for line in found] == [True]
    assert found[0]["event"].startswith("A request for /api/v1/")
    assert not {"\n", "\x85"} & set(found[0]["event"])


def test_the_response_to_head_has_no_body_and_the_connection_stays_open(stack):
    client = http.client.HTTPConnection("127.0.0.1", stack.port, timeout=20)
    for path, code in (("/login/", 200), ("/static/perennial/style.css", 200), ("/api/v1/nonsense/", 404)):
        client.request("HEAD", path)
        response = client.getresponse()
        assert (response.status, response.read()) == (code, b"")
        client.request("GET", "/healthz")
        assert client.getresponse().read() == b'{"status": "ok"}'
    client.close()


@pytest.mark.parametrize("name", ["Range", "If-Modified-Since", "If-None-Match", "Accept-Encoding", "Cookie"])
@pytest.mark.parametrize(
    "value", [b"bytes=9-1", b"bytes=-", b"\xff", b"%00", b'a="\\000"', b"x" * 7_000, b"*"]
)
def test_no_request_header_makes_a_static_file_answer_5xx(stack, name, value):
    head = b"GET /static/perennial/style.css HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
    assert raw(stack.port, head + name.encode() + b": " + value + b"\r\n\r\n")[0] < 500


def test_pipelined_requests_are_answered_in_order(stack):
    one = b"GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with socket.create_connection(("127.0.0.1", stack.port), 20) as client:
        client.sendall(b"".join(one % path for path in (b"/healthz", b"/api/v1/demo/", b"/healthz")))
        received = b""
        while received.count(b"HTTP/1.1 ") < 3 or not received.endswith(b"}"):
            received += client.recv(10_000)
    assert [part[:3] for part in received.split(b"HTTP/1.1 ")[1:]] == [b"200", b"401", b"200"]


def test_hundreds_of_pipelined_requests_are_answered_one_by_one(stack):
    one = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    other = b"PATCH /api/v1/demo/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nnot\r\n\r\nit"
    with socket.create_connection(("127.0.0.1", stack.port), 20) as client:
        client.sendall(
            one * 300 + other + one * 299 + one.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
        )
        received = b"".join(iter(lambda: client.recv(100_000), b""))
    codes = [part[:3] for part in received.split(b"HTTP/1.1 ")[1:]]
    assert codes == [b"200"] * 300 + [b"401"] + [b"200"] * 300


@pytest.mark.long
def test_queued_requests_of_disconnected_clients_delay_nobody_and_reads_are_dropped(stack):
    caller, other = stack.create_user("disconnected"), stack.create_user("connected")
    before = len(lines(stack, "web"))
    ask = b"GET /api/v1/demo/ HTTP/1.1\r\nHost: localhost\r\nAuthorization: "
    for _ in range(800):
        with socket.create_connection(("127.0.0.1", stack.port), 20) as client:
            client.sendall(ask + caller.headers["Authorization"].encode() + b"\r\n\r\n")
    began = time.monotonic()
    assert (other.demo()["state"], requests.get(f"{stack.url}/healthz", timeout=20).status_code) == (
        "off",
        200,
    )
    assert time.monotonic() - began < 2
    until(lambda: caller.demo()["state"] == "off", "the same user's request is answered, too", 20)
    answered = [line for line in lines(stack, "web")[before:] if line["event"] == "request_finished"]
    assert len(answered) < 600


def test_many_queued_requests_of_one_user_do_not_delay_another_user(stack):
    caller, other = stack.create_user("many"), stack.create_user("single")
    ask = b"GET /api/v1/demo/ HTTP/1.1\r\nHost: localhost\r\nAuthorization: %s\r\n\r\n"
    with ExitStack() as contexts:
        address = "127.0.0.1", stack.port
        clients = [contexts.enter_context(socket.create_connection(address, 60)) for _ in range(800)]
        for client in clients:
            client.sendall(ask % caller.headers["Authorization"].encode())
        began = time.monotonic()
        assert (other.demo()["state"], requests.get(f"{stack.url}/healthz", timeout=20).ok) == ("off", True)
        took = time.monotonic() - began
        clients[-1].recv(100)
        assert took < (time.monotonic() - began) / 2


def test_a_write_is_processed_even_if_its_client_has_disconnected(stack):
    caller = stack.create_user("writer")
    ask = b"GET /api/v1/demo/ HTTP/1.1\r\nHost: localhost\r\nAuthorization: %s\r\n\r\n"
    enable = b"POST /api/v1/demo/enable/ HTTP/1.1\r\nHost: localhost\r\nAuthorization: %s\r\nContent-Length: 0\r\n\r\n"
    for sent in [ask] * 400 + [enable]:
        with socket.create_connection(("127.0.0.1", stack.port), 20) as client:
            client.sendall(sent % caller.headers["Authorization"].encode())
    until(lambda: caller.demo()["state"] == "enabling", "the demo is switched on", 20)


@pytest.mark.parametrize("options", [b"close", b"Close", b"Upgrade, close", b"close ,TE"])
def test_the_connection_is_closed_when_the_client_asks_for_it(stack, options):
    with socket.create_connection(("127.0.0.1", stack.port), 5) as client:
        client.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: " + options + b"\r\n\r\n")
        received = b"".join(iter(lambda: client.recv(10_000), b""))
    assert received.count(b"HTTP/1.1 200 OK") == 1


@pytest.mark.parametrize("version", [b"0.9", b"2.0", b"9.9"])
def test_other_versions_of_http_are_answered_505(stack, version):
    response = raw(stack.port, b"GET /api/v1/demo/ HTTP/" + version + b"\r\nHost: localhost\r\n\r\n")
    assert response[0] == 505
    assert problem_of(response)["hint"] == "Send the request with that version."


@pytest.mark.parametrize("blank", [b"\r\n", b"\r\n\r\n", b"\r\n" * 32])
def test_blank_lines_before_a_request_are_skipped(stack, blank):
    assert raw(stack.port, blank + b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")[0] == 200


@pytest.mark.parametrize("sent", [b"\r\n" * 33, b"\r\n" * 100_000, b" \r\n\r\n", b"\t\r\n\r\n"])
def test_blank_lines_without_a_request_are_answered_400_once(stack, sent):
    before = len(lines(stack, "web"))
    assert raw(stack.port, sent)[0] == 400
    new = [line for line in lines(stack, "web")[before:] if "was refused with 400" in line["event"]]
    assert [line["level"] for line in new] == ["info"]


def test_a_blank_line_after_a_request_does_not_start_another_one(stack):
    """The connection counts as idle: nothing is sent."""
    with socket.create_connection(("127.0.0.1", stack.port), 60) as client:
        for after in (b"\r\n", b""):
            client.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n" + after)
            response = http.client.HTTPResponse(client)
            response.begin()
            assert (response.status, response.read()) == (200, b'{"status": "ok"}')


@pytest.mark.parametrize(
    ("chunk", "number", "code"),
    [
        (b"1\r\nA\r\n", 3_000, 415),
        (b"1\r\nA\r\n", 20_000, 400),
        (b"1;" + b"x" * 900 + b"\r\nA\r\n", 200, 400),
        (b"20\r\n" + b"A" * 32 + b"\r\n", 4_000, 415),
    ],
)
def test_chunks_that_are_mostly_framing_are_refused(stack, chunk, number, code):
    head = b"POST /demo/enable/ HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    status, _, body = raw(stack.port, head + chunk * number + b"0\r\n\r\n")
    explained = [b"its chunks are too small" in body, b"Send larger chunks, of 1024 bytes or more." in body]
    assert (status, explained) == (code, [code == 400] * 2)


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        (b"X:" + b"\t" * 30_000 + b"x\r\n", 400),
        (b"X:" + b" " * 65 + b"x\r\n", 400),
        (b"X:" + b" " * 64 + b"x\r\n", 200),
        (b"X:\r\n" + b" \r\n" * 9_000 + b" x\r\n", 400),
        (b"X: a\r\n\tb\r\n", 400),
        (b"X:x\r\n" * 200, 400),
        (b"X:x\r\n" * 199, 200),
    ],
)
def test_headers_that_are_costly_to_read_are_refused(stack, headers, code):
    assert requests.get(f"{stack.url}/healthz", timeout=20).ok  # the first request of a process takes longer
    started = time.monotonic()
    assert raw(stack.port, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n" + headers + b"\r\n")[0] == code
    assert time.monotonic() - started < 4


def test_a_client_that_disconnects_before_the_refusal_is_not_logged_as_an_error(stack):
    before = len(lines(stack, "web"))
    for sent in (
        b"nonsense\r\n\r\n",
        b"POST /login/ HTTP/1.1\r\nContent-Length: 7000000\r\n\r\n" + b"x" * 90_000,
    ):
        for _ in range(30):
            client = socket.create_connection(("127.0.0.1", stack.port), 20)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # reset
            client.sendall(sent)
            client.close()
    assert requests.get(f"{stack.url}/healthz", timeout=20).ok
    until(lambda: not _connections(stack), "the connections are closed", 20)
    assert {line["level"] for line in lines(stack, "web")[before:]} <= {"info"}


def _connections(stack) -> int:
    main = psutil.Process(stack.processes["web"].pid)
    return sum(
        found.status == psutil.CONN_ESTABLISHED
        for process in main.children()
        for found in process.net_connections()
        if found.laddr.port == stack.port
    )


@pytest.mark.long
def test_a_running_request_is_answered_while_the_server_stops(stack, staff):
    caller = stack.create_user_with_demo("last")
    [(uuid, secret)] = stack.sql(
        "SELECT p.uuid, webhook_secret FROM accounts_profile p JOIN accounts_user u ON u.id = owner_id"
        " WHERE username = 'last' LIMIT 1"
    )
    body = json.dumps({"type": "events", "data": {"events": [event("message.created", "late")]}}).encode()
    headers = sign(secret, "msg_late", int(time.time()), body)
    responses: list[requests.Response] = []

    def send() -> None:
        url = f"{stack.url}/api/v1/webhooks/profiles/{uuid}/"
        responses.append(requests.post(url, data=body, headers=headers, timeout=30))

    with blocked_profiles(stack, caller) as blocked:
        sender = threading.Thread(target=send)
        sender.start()
        waiting = "SELECT 1 FROM pg_locks WHERE NOT granted AND locktype = 'advisory'"
        until(lambda: stack.sql(waiting), "the webhook waits for its profile")
        stack.processes["web"].send_signal(signal.SIGTERM)
        time.sleep(1)
        assert not responses
        blocked.execute("SELECT pg_advisory_unlock_all()")
        sender.join()
    assert sender.is_alive() is False
    assert (responses[0].status_code, responses[0].headers["Connection"]) == (200, "close")
    assert stack.processes.pop("web").wait(30) == 0
    stack.start("web")


@pytest.mark.long
def test_an_incomplete_body_is_read_and_answered_while_the_server_stops(stack):
    head = b"POST /api/v1/auth/token/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    with socket.create_connection(("127.0.0.1", stack.port), 5) as client:
        client.sendall(head + b"Expect: 100-continue\r\nContent-Length: 6\r\n\r\n")
        assert client.recv(1_000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        stack.processes["web"].send_signal(signal.SIGTERM)
        until(lambda: not accepts(stack.port), "the server takes no new connection")
        for piece in (b"{", b"    ", b"}"):
            client.sendall(piece)
            time.sleep(0.1)
        assert client.recv(1_000).startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert stack.processes.pop("web").wait(30) == 0
    stack.start("web")


def test_a_killed_process_is_restarted_and_logged_as_json(stack):
    main = psutil.Process(stack.processes["web"].pid)
    killed = main.children()[0]
    os.kill(killed.pid, signal.SIGKILL)
    until(lambda: len(main.children()) == 2 and killed not in main.children(), "another process was started")
    assert requests.get(f"{stack.url}/healthz", timeout=20).ok
    until(lambda: any("SIGKILL" in line["event"] for line in lines(stack, "web")), "the log says so")


@pytest.mark.long
def test_while_the_database_is_unavailable_responses_are_503_under_debug_too():
    with running_stack("web", DEBUG="1") as stack:
        caller = stack.create_user("alone")
        stack.servers.stop()
        problem = requests.get(f"{stack.url}/api/v1/demo/", headers=caller.headers, timeout=20)
        page = requests.get(f"{stack.url}/comments/", cookies={"sessionid": "x" * 32}, timeout=20)
    assert (problem.status_code, problem.json()["detail"]) == (503, "The database does not answer.")
    assert (page.status_code, "Database unavailable" in page.text) == (503, True)
    assert problem.headers["Retry-After"] == page.headers["Retry-After"] == "5"


def test_no_request_was_logged_as_an_error(stack):
    assert [
        line
        for line in lines(stack, "web")
        if line.get("level") == "error" and "SIGKILL" not in line["event"]
    ] == []
