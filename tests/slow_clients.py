"""Simulates many clients that send or read slowly or flood the parser."""

import multiprocessing
import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

PAUSE = 0.5  # seconds between two bytes of one client
START = b"POST /api/v1/auth/token/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
BODY = b'{"username": "nobody", "password": "' + b"x" * 400 + b'"}'
LARGE = "/static/drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.js"  # 1.4 MB
READ = b"GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" % LARGE.encode()
# Of each kind of slow client: what it sends at once, and the bytes that it then sends one by one.
CLIENT_KINDS = {
    "headers": (b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ", b"x" * 1_000),
    "no header at all": (b"", b""),
    "a body": (START + b"Content-Length: %d\r\n\r\n" % len(BODY), BODY),
    "a chunked body": (START + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n" * 100),
    "a chunk's size": (START + b"Transfer-Encoding: chunked\r\n\r\n", b"0" * 1_000),
    "a body after 100": (START + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(BODY), BODY),
    "an idle connection": (b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", b""),
    "a slow reader": (READ * 8, b""),
}

CHUNKED = (
    b"POST /api/v1/webhooks/profiles/x/ HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n"
)
FLOODS = {  # what each client sends as fast as the server accepts it
    "chunks of a byte": CHUNKED + b"1\r\nA\r\n" * 200_000,
    "small chunks": CHUNKED + (b"20\r\n" + b"A" * 32 + b"\r\n") * 50_000,
    "chunk extensions": CHUNKED + (b"1;" + b"x" * 900 + b"\r\nA\r\n") * 2_000,
    "pipelined requests": b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 3_000,
    "blank lines": b"\r\n" * 1_000_000,
}


@contextmanager
def flood(port: int, kind: str, number: int = 64) -> Iterator[None]:
    """In a process of its own, `number` clients send FLOODS[kind] again and again until the block ends."""
    process = multiprocessing.get_context("fork").Process(target=_flood, args=(port, FLOODS[kind], number))
    process.start()
    try:
        yield
    finally:
        process.kill()
        process.join()


def _flood(port: int, sent: bytes, number: int) -> None:
    clients: dict[socket.socket, int] = {}  # -> bytes sent
    while True:
        while len(clients) < number:
            client = socket.create_connection(("127.0.0.1", port), 30)
            client.setblocking(False)
            clients[client] = 0
        reading, writing, _ = select.select(list(clients), list(clients), [], 1)
        for client in {*reading, *writing}:
            try:
                if client in reading and not client.recv(1 << 20):
                    raise ConnectionResetError
                if client in writing and clients[client] < len(sent):
                    clients[client] += client.send(sent[clients[client] : clients[client] + (1 << 16)])
            except BlockingIOError:
                continue
            except OSError:
                clients.pop(client)
                client.close()


@contextmanager
def slow_clients(port: int, kind: str, number: int = 64) -> Iterator[list[socket.socket]]:
    """`number` clients of that kind, which send slowly until the block ends."""
    head, rest = CLIENT_KINDS[kind]
    stop = threading.Event()
    clients = [_client(port, head, small_buffer=kind == "a slow reader") for _ in range(number)]
    thread = threading.Thread(target=_send_slowly, args=(clients, rest, stop), daemon=True)
    thread.start()
    try:
        yield clients
    finally:
        stop.set()
        thread.join()
        for client in clients:
            client.close()


def _client(port: int, head: bytes, *, small_buffer: bool) -> socket.socket:
    client = socket.socket()
    if small_buffer:  # so that the response does not fit into the kernel's buffers
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2_048)
    client.settimeout(10)
    client.connect(("127.0.0.1", port))
    client.sendall(head)
    return client


def _send_slowly(clients: list[socket.socket], rest: bytes, stop: threading.Event) -> None:
    for position in range(len(rest)):
        if stop.wait(PAUSE):
            return
        for client in clients:
            try:
                client.sendall(rest[position : position + 1])
            except OSError:  # the server has closed the connection
                continue
