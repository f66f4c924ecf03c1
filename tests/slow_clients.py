"""Clients that send or read slowly, many at once, and how long `/healthz` takes meanwhile."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import requests

PAUSE = 0.5  # seconds between two bytes of one client
START = b"POST /api/v1/auth/token/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
BODY = b'{"username": "nobody", "password": "' + b"x" * 400 + b'"}'
LARGE = "/static/drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.js"  # 1.4 MB
READ = b"GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" % LARGE.encode()
# What each kind of client has sent before it begins to drip, and the bytes that it drips.
KINDS = {
    "headers": (b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ", b"x" * 1_000),
    "no header at all": (b"", b""),
    "a body": (START + b"Content-Length: %d\r\n\r\n" % len(BODY), BODY),
    "a chunked body": (START + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n" * 100),
    "a chunk's size": (START + b"Transfer-Encoding: chunked\r\n\r\n", b"0" * 1_000),
    "a body after 100": (START + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(BODY), BODY),
    "an idle connection": (b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", b""),
    "a slow reader": (READ * 8, b""),
}


@contextmanager
def slow_clients(port: int, kind: str, number: int = 64) -> Iterator[list[socket.socket]]:
    """So many clients of that kind, each dripping, until the block ends."""
    head, drops = KINDS[kind]
    stop = threading.Event()
    clients = [_client(port, head, small=kind == "a slow reader") for _ in range(number)]
    thread = threading.Thread(target=_drip, args=(clients, drops, stop), daemon=True)
    thread.start()
    try:
        yield clients
    finally:
        stop.set()
        thread.join()
        for client in clients:
            client.close()


def _client(port: int, head: bytes, *, small: bool) -> socket.socket:
    client = socket.socket()
    if small:  # so that the answer does not fit into the kernel's buffers
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2_048)
    client.settimeout(10)
    client.connect(("127.0.0.1", port))
    client.sendall(head)
    return client


def _drip(clients: list[socket.socket], drops: bytes, stop: threading.Event) -> None:
    for place in range(len(drops)):
        if stop.wait(PAUSE):
            return
        for client in clients:
            try:
                client.sendall(drops[place : place + 1])
            except OSError:  # the server has had enough of it
                continue


def slowest_healthz(url: str, seconds: float = 6) -> float:
    """The longest time that `/healthz` took, asked by new connections again and again for so many seconds."""
    slowest, deadline = 0.0, time.monotonic() + seconds
    while time.monotonic() < deadline:
        started = time.monotonic()
        try:
            assert requests.get(f"{url}/healthz", timeout=seconds).status_code == 200
        except requests.RequestException:
            return time.monotonic() - started
        slowest = max(slowest, time.monotonic() - started)
        time.sleep(0.05)
    return slowest
