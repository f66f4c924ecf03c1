"""Clients that send or read slowly do not delay other requests, with and without nginx in front."""

import socket
import time
from contextlib import ExitStack
from functools import partial

import pytest

from tests.nginx_in_front import nginx_in_front
from tests.response_times import get_healthz, is_below, max_seconds_for
from tests.service_stack import running_stack
from tests.slow_clients import CLIENT_KINDS, FLOODS, flood, slow_clients

pytestmark = [pytest.mark.long, pytest.mark.flow]


def slowest_healthz(url: str, seconds: float) -> float:
    return max_seconds_for(partial(get_healthz, url), seconds)


@pytest.fixture(scope="module")
def ports():
    """The port of the web server, and that of an nginx in front of it."""
    with running_stack("web", WEB_CONCURRENCY="2") as stack, nginx_in_front(stack.port) as port:
        slowest_healthz(stack.url, 1)  # the first requests of a process take longer
        yield {"alone": stack.port, "behind nginx": port}


@pytest.mark.parametrize("kind", CLIENT_KINDS)
@pytest.mark.parametrize("server", ["alone", "behind nginx"])
def test_64_slow_clients_do_not_delay_healthz_by_a_second(ports, server, kind):
    with slow_clients(ports[server], kind):
        assert is_below(1, partial(slowest_healthz, f"http://127.0.0.1:{ports[server]}", 3))


def test_64_slow_clients_of_every_kind_at_once_do_not_delay_healthz_by_a_second(ports):
    with ExitStack() as contexts:
        for kind in CLIENT_KINDS:
            contexts.enter_context(slow_clients(ports["alone"], kind))
        assert is_below(1, partial(slowest_healthz, f"http://127.0.0.1:{ports['alone']}", 4))


@pytest.mark.sample(2)
@pytest.mark.parametrize("kind", FLOODS)
def test_64_clients_that_flood_the_parser_do_not_delay_healthz_by_five_seconds(ports, kind):
    with flood(ports["alone"], kind):
        assert slowest_healthz(f"http://127.0.0.1:{ports['alone']}", 3) < 5
    assert slowest_healthz(f"http://127.0.0.1:{ports['alone']}", 0.5) < 5


def test_a_client_that_never_finishes_gets_408_or_is_disconnected(ports):
    with ExitStack() as contexts:
        started = time.monotonic()
        clients = {
            kind: contexts.enter_context(slow_clients(ports["alone"], kind, 1))[0]
            for kind in ("headers", "no header at all", "an idle connection")
        }
        head, _ = CLIENT_KINDS["a body"]
        clients["a pause"] = contexts.enter_context(socket.create_connection(("127.0.0.1", ports["alone"])))
        clients["a pause"].sendall(head)
        received = {}
        for kind, client in clients.items():
            client.settimeout(40)
            received[kind] = b"".join(iter(lambda client=client: client.recv(10_000), b""))
    assert time.monotonic() - started < 40
    assert received["headers"].startswith(b"HTTP/1.0 408 Request Timeout\r\n")
    assert received["a pause"].startswith(b"HTTP/1.1 408 Request Timeout\r\n")
    assert b"application/problem+json" in received["a pause"]
    assert received["no header at all"] == b""
    assert received["an idle connection"].endswith(b'{"status": "ok"}')
