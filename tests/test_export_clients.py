"""Exports through the web server: clients that read all, nothing or a part, and errors and crashes in the middle."""

import csv
import io
import os
import shutil
import signal
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from http.client import HTTPResponse, IncompleteRead

import psutil
import pytest
import requests

from tests.fault_injection import pooler
from tests.nginx_in_front import nginx_in_front
from tests.response_times import get_healthz, is_below, max_seconds_for
from tests.service_stack import ApiClient, ServiceStack, running_stack, until

pytestmark = pytest.mark.flow
PATH = "/api/v1/interactions/export.csv"
ROWS, LENGTH = 1_000, 65_000  # twice the bytes that the web server keeps for a client that does not read


@pytest.fixture(scope="module")
def stack() -> Iterator[ServiceStack]:
    with running_stack("web", WEB_CONCURRENCY="1") as stack:
        yield stack


@pytest.fixture(scope="module")
def writer(stack) -> ApiClient:
    """A user with ROWS long messages."""
    return create_writer(stack)


def create_writer(stack: ServiceStack) -> ApiClient:
    caller = stack.create_user("writer")
    [(profile,)] = stack.sql(
        "INSERT INTO accounts_profile (owner_id, uuid, platform, platform_id, handle, display_name, is_demo,"
        " webhook_secret, webhook_secret_previous, created_at) SELECT id, gen_random_uuid(), 'x', 'p', 'h', '', false,"
        " '', '', now() FROM accounts_user WHERE username = 'writer' RETURNING id"
    )
    stack.sql(
        "INSERT INTO interactions_interaction (profile_id, is_demo, platform_id, text, posted_at, received_at,"
        " updated_at, created_digest, text_at, text_digest, type, direction, content_ref, parent_ref,"
        " conversation_id, author_id, author_handle, author_name)"
        " SELECT %s, false, n, repeat('x', %s), now() - n * interval '1 second', now(), now(), 0, now(), 0, 'message',"
        " 'in', '', '', 'talk', 'person', '', '' FROM generate_series(1, %s) n",
        *(profile, LENGTH, ROWS),
    )
    return caller


def export(caller: ApiClient, port: int | None = None) -> requests.Response:
    url = f"http://127.0.0.1:{port or caller.stack.port}{PATH}"
    return requests.get(url, headers=caller.headers, timeout=20)


def code(caller: ApiClient) -> int:
    return export(caller).status_code


@contextmanager
def reader(caller: ApiClient, port: int | None = None) -> Iterator[socket.socket]:
    """A client whose export runs and that reads nothing."""
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        client.settimeout(20)
        client.connect(("127.0.0.1", port or caller.stack.port))
        head = "".join(f"{name}: {value}\r\n" for name, value in caller.headers.items())
        client.sendall(f"GET {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\n{head}\r\n".encode())
        until(lambda: leases(caller.stack), "the export runs")
        client.recv(1, socket.MSG_PEEK)  # the response has begun
        yield client


def rest(client: socket.socket) -> bytes:
    """The rest of the body; IncompleteRead when the response ends without its last chunk."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    response = HTTPResponse(client)
    response.begin()
    return response.read()


def leases(stack: ServiceStack) -> int:
    return stack.sql("SELECT count(*) FROM interactions_exportlease")[0][0]


def assert_free(caller: ApiClient) -> None:
    until(lambda: not leases(caller.stack), "the lease is released")
    assert code(caller) == 200


def test_the_whole_file_arrives_by_chunks(writer, stack):
    answer = export(writer)
    assert (answer.status_code, answer.headers["Transfer-Encoding"]) == (200, "chunked")
    lines = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert [line["platform_id"] for line in lines] == [str(n) for n in range(1, ROWS + 1)]
    assert {len(line["text"]) for line in lines} == {LENGTH}
    assert leases(stack) == 0


def test_http_1_0_gets_505(writer, stack):
    with socket.create_connection(("127.0.0.1", stack.port), 20) as client:
        token = writer.headers["Authorization"]
        client.sendall(f"GET {PATH} HTTP/1.0\r\nHost: 127.0.0.1\r\nAuthorization: {token}\r\n\r\n".encode())
        assert client.makefile("rb").readline().startswith(b"HTTP/1.0 505 ")


def test_a_client_that_reads_nothing_delays_nobody_and_frees_its_export_when_it_disconnects(writer, stack):
    other = stack.create_user("other")
    with reader(writer):
        assert is_below(1, partial(max_seconds_for, partial(get_healthz, stack.url), 2))
        assert leases(stack) == 1  # it waits, as it is not kept completely for the client
        assert (code(writer), code(other)) == (429, 503)
    assert_free(writer)
    assert code(other) == 200


@pytest.mark.long
def test_a_client_that_pauses_gets_the_whole_file(writer):
    with reader(writer) as client:
        assert len(rest(client)) > ROWS * LENGTH


def terminate_connections(stack: ServiceStack) -> None:
    stack.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )


def test_an_error_in_the_middle_ends_the_response_without_its_last_chunk(writer, stack):
    with reader(writer) as client:
        terminate_connections(stack)
        with pytest.raises((IncompleteRead, ConnectionResetError)):
            rest(client)
    assert_free(writer)


@pytest.mark.long
def test_a_killed_process_ends_the_response_without_its_last_chunk_and_frees_the_export(writer, stack):
    with reader(writer) as client:
        [process] = psutil.Process(stack.processes["web"].pid).children()
        os.kill(process.pid, signal.SIGKILL)
        with pytest.raises((IncompleteRead, ConnectionResetError)):
            rest(client)
    until(lambda: code(writer) == 429, "the lease of the dead process is still there")
    until(lambda: code(writer) == 200, "the lease of the dead process expires", 40)


@pytest.mark.long
def test_behind_nginx_a_complete_file_and_an_incomplete_one_differ(writer, stack):
    with nginx_in_front(stack.port) as port:
        assert len(export(writer, port).content) > ROWS * LENGTH
        with reader(writer, port) as client:
            for _ in range(20):
                terminate_connections(stack)
                time.sleep(0.01)
            with pytest.raises((IncompleteRead, ConnectionResetError)):
                rest(client)


@pytest.mark.long
def test_an_export_behind_a_transaction_pooler_is_complete_while_others_use_its_connections():
    if not shutil.which("pgbouncer"):
        pytest.skip("no pgbouncer here")
    stack = ServiceStack(DB_POOLER="1", SECRET_KEY="pooled", ALLOWED_HOSTS="*", DEBUG="1")
    try:
        stack.servers.ensure()
        with pooler(stack) as url:
            stack.environment |= {"DATABASE_URL": url}
            stack.manage("migrate", "-v0")
            stack.start("web")
            caller = create_writer(stack)
            with reader(caller) as client, ThreadPoolExecutor(4) as pool:
                lists = [pool.submit(read_list, caller) for _ in range(40)]
                assert len(rest(client)) > ROWS * LENGTH
            assert [one.result() for one in lists] == [200] * 40
            assert_free(caller)
    finally:
        stack.stop()


def read_list(caller: ApiClient) -> int:
    url = f"{caller.stack.url}/api/v1/profiles/"
    return requests.get(url, headers=caller.headers, timeout=20).status_code
