"""Clients that send or read slowly keep nobody else waiting, with and without nginx in front."""

import socket
import time
from contextlib import ExitStack

import pytest

from tests.house import running_house
from tests.long import first
from tests.nginx_in_front import nginx_in_front
from tests.slow_clients import FLOODS, KINDS, flood, slow_clients, slowest_healthz

pytestmark = pytest.mark.flow


@pytest.fixture(scope="module")
def ports():
    """Where the web server listens, as the Procfile starts it, and where nginx does in front of it."""
    with running_house("web", WEB_CONCURRENCY="2") as house, nginx_in_front(house.port) as port:
        slowest_healthz(house.url, 1)  # the first requests of a process take longer
        yield {"alone": house.port, "behind nginx": port}


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("server", ["alone", "behind nginx"])
def test_64_slow_clients_do_not_stop_healthz_for_a_second(ports, server, kind):
    with slow_clients(ports[server], kind):
        assert slowest_healthz(f"http://127.0.0.1:{ports[server]}", 3) < 1


def test_64_of_every_kind_at_once_do_not_either(ports):
    with ExitStack() as stack:
        for kind in KINDS:
            stack.enter_context(slow_clients(ports["alone"], kind))
        assert slowest_healthz(f"http://127.0.0.1:{ports['alone']}", 4) < 1


@pytest.mark.parametrize("kind", first(2, FLOODS))
def test_64_clients_that_send_what_is_costly_to_read_do_not_for_five_seconds(ports, kind):
    with flood(ports["alone"], kind):
        assert slowest_healthz(f"http://127.0.0.1:{ports['alone']}", 3) < 5
    assert slowest_healthz(f"http://127.0.0.1:{ports['alone']}", 0.5) < 5


@pytest.mark.long
def test_who_never_comes_to_an_end_is_told_or_hung_up_on(ports):
    with ExitStack() as stack:
        begun = time.monotonic()
        clients = {
            kind: stack.enter_context(slow_clients(ports["alone"], kind, 1))[0]
            for kind in ("headers", "no header at all", "an idle connection")
        }
        head, _ = KINDS["a body"]
        clients["a pause"] = stack.enter_context(socket.create_connection(("127.0.0.1", ports["alone"])))
        clients["a pause"].sendall(head)
        said = {}
        for kind, client in clients.items():
            client.settimeout(40)
            said[kind] = b"".join(iter(lambda client=client: client.recv(10_000), b""))
    assert time.monotonic() - begun < 40
    assert said["headers"].startswith(b"HTTP/1.0 408 Request Timeout\r\n")
    assert said["a pause"].startswith(b"HTTP/1.1 408 Request Timeout\r\n")
    assert b"application/problem+json" in said["a pause"]
    assert said["no header at all"] == b""
    assert said["an idle connection"].endswith(b'{"status": "ok"}')
