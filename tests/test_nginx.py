"""Responses and log lines that the nginx of compose.yaml produces by itself."""

import json
from collections.abc import Iterator
from http import HTTPStatus

import pytest
import requests

from tests.nginx_in_front import nginx_in_front
from tests.service_stack import ServiceStack, free_port, running_stack, until
from tests.test_web_server import problem_of, raw

pytestmark = pytest.mark.flow


@pytest.fixture(scope="module")
def stack() -> Iterator[ServiceStack]:
    with running_stack("web", WEB_CONCURRENCY="1") as stack:
        yield stack


@pytest.mark.sample(3)
@pytest.mark.parametrize(
    ("method", "path", "body", "code"),
    [
        ("GET", "/api/v1/nothing/?search=Zwiebel", b"", 404),
        ("POST", "/api/v1/auth/token/?search=Zwiebel", b"x" * 200_000, 413),
        ("POST", "/login/?search=Zwiebel", b"x" * 200_000, 413),
        ("GET", "/api/v1/demo/?search=Zwiebel" + "x" * 9_000, b"", 414),
        ("GET", "/?search=Zwiebel" + "x" * 9_000, b"", 414),
    ],
)
def test_a_log_line_has_the_request_id_of_the_response_and_no_query(
    stack, tmp_path, method, path, body, code
):
    with nginx_in_front(stack.port, tmp_path / "log") as port:
        response = requests.request(
            method,
            f"http://127.0.0.1:{port}{path}",
            data=body,
            timeout=20,
            headers={"Referer": "http://x/?search=Zwiebel"},
        )
        until(lambda: response.headers["X-Request-ID"] in (tmp_path / "log").read_text(), "nginx logs it", 20)
    log = (tmp_path / "log").read_text()
    [line] = [
        line
        for line in map(json.loads, log.splitlines())
        if line["request_id"] == response.headers["X-Request-ID"]
    ]
    assert (response.status_code, line["status"]) == (code, str(code))
    assert (line["method"], line["path"]) == (method, path.split("?")[0])
    assert "Zwiebel" not in log


def test_without_the_web_server_nginx_answers_502_with_an_id():
    with nginx_in_front(free_port()) as port:
        problem = requests.get(f"http://127.0.0.1:{port}/api/v1/demo/", timeout=20)
        page = requests.get(f"http://127.0.0.1:{port}/demo/", timeout=20)
    assert (problem.status_code, problem.json()["title"]) == (502, "Bad Gateway")
    assert (page.status_code, page.headers["Content-Type"]) == (502, "text/html; charset=utf-8")
    assert "<h1>Perennial does not answer</h1>" in page.text
    assert problem.headers["X-Request-ID"] != page.headers["X-Request-ID"]
    assert page.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("kind", ["api", "page"])
def test_the_error_pages_cannot_be_requested_directly(stack, kind):
    with nginx_in_front(stack.port) as port:
        response = requests.get(f"http://127.0.0.1:{port}/.refused/{kind}/502", timeout=20)
    assert (response.status_code, "<h1>This page does not exist</h1>" in response.text) == (404, True)


@pytest.mark.parametrize(
    ("request_line", "header", "code"),
    [
        ("TRACE %s HTTP/1.1", "", 405),
        ("POST %s HTTP/1.1", "Transfer-Encoding: gzip\r\n", 501),
        ("GET %s HTTP/2.0", "", 505),
        ("GET %s HTTP/1.1", "Host: localhost\r\n", 400),
    ],
)
def test_refusals_of_nginx_look_like_those_of_the_web_server(request_line, header, code):
    with nginx_in_front(free_port()) as port:
        api, page = (
            raw(port, f"{request_line % path}\r\nHost: localhost\r\n{header}\r\n".encode())
            for path in ("/api/v1/demo/", "/demo/")
        )
    assert (problem_of(api)["title"], api[0]) == (HTTPStatus(code).phrase, code)
    assert (page[0], page[1]["content-type"]) == (code, "text/html; charset=utf-8")
    assert b'<section class="card stack">' in page[2]
    assert len(page[1]["x-request-id"]) == 32
