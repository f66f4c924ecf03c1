"""The process of the web server: gunicorn starts, watches and stops it, waitress speaks with the clients.

gunicorn's own workers read requests in the threads that answer them, and so do those of granian; `docs/operations.md`
has what was measured.
"""

import os
import resource
import socket
import time

from django.conf import settings
from gunicorn.workers.base import Worker
from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.task import ThreadedTaskDispatcher

from config.connections import TcpServer, UnixServer
from config.fair_queue import FairQueue
from config.request_limits import HEADER_BYTES, KIB

FILES_OF_A_CONNECTION = 3  # its socket, a large body, a large answer
OTHER_FILES = 200
MAX_FILES = 8_192
SEND_BYTES = 128 * KIB
RECEIVE_BYTES = 128 * KIB
INPUT_BYTES = 64 * KIB  # of a body in memory, for each of thousands of strangers; the rest goes to a file
NO_LIMIT = 1 << 40  # `config.connections` has limits of its own


class BufferingWorker(Worker):
    """One process: a loop that reads and writes, and `threads` that answer."""

    servers: list[TcpServer | UnixServer] = []

    def run(self) -> None:
        self.map: dict = {}
        dispatcher = ThreadedTaskDispatcher()
        dispatcher.queue = FairQueue(lambda connection: connection.sender)
        dispatcher.set_thread_count(self.cfg.threads)
        options = _options(min(self.cfg.worker_connections, _most_connections()))
        self.servers = [self._server(listener.sock, dispatcher, options) for listener in self.sockets]
        while self.alive and self.ppid == os.getppid():
            self._pass(1.0)
        self._end()

    def _server(
        self, sock: socket.socket, dispatcher: ThreadedTaskDispatcher, options: Adjustments
    ) -> TcpServer | UnixServer:
        kind = UnixServer if sock.family == socket.AF_UNIX else TcpServer
        info = (sock.family, sock.type, sock.proto, sock.getsockname())
        server = kind(
            self.wsgi,
            map=self.map,
            _sock=sock,
            dispatcher=dispatcher,
            adj=options,
            sockinfo=info,
            bind_socket=False,
        )
        server.proxies = settings.REST_FRAMEWORK["NUM_PROXIES"]
        return server

    def _pass(self, seconds: float) -> None:
        """One pass of the event loop, which waits at most so long for something to do."""
        self.notify()
        for server in self.servers:
            server.begin_pass()
        wasyncore.poll2(seconds, self.map)

    def _end(self) -> None:
        """Take no more connections, and let requests end within gunicorn's grace."""
        for server in self.servers:
            server.stop_accepting()
        deadline = time.monotonic() + self.cfg.graceful_timeout
        while self._connections() and time.monotonic() < deadline:
            for server in self.servers:
                server.maintenance(time.time())
            self._pass(0.1)

    def _connections(self) -> int:
        return sum(len(server.active_channels) for server in self.servers)

    def handle_exit(self, sig, frame) -> None:
        super().handle_exit(sig, frame)
        for server in self.servers[:1]:
            server.pull_trigger()  # ends the loop's wait


def _options(connections: int) -> Adjustments:
    options = Adjustments(
        ident="perennial",
        connection_limit=connections,
        cleanup_interval=1,
        recv_bytes=64 * KIB,
        inbuf_overflow=INPUT_BYTES,
        outbuf_overflow=KIB * KIB,
        outbuf_high_watermark=NO_LIMIT,
        max_request_header_size=HEADER_BYTES,
        max_request_body_size=NO_LIMIT,
        clear_untrusted_proxy_headers=False,  # Django and REST framework know how many proxies to trust
        log_socket_errors=False,
        asyncore_use_poll=True,
    )
    # So that one pass of the loop copies little into each socket, and little is left to be read when a client has closed;
    # the kernel would take megabytes.
    options.socket_options = [
        *options.socket_options,
        (socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BYTES),
        (socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES),
    ]
    return options


def _most_connections() -> int:
    """As many as there may be open files for, once this process may have as many as it can use."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = MAX_FILES if most == resource.RLIM_INFINITY else min(most, MAX_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, most))
    return (files - OTHER_FILES) // FILES_OF_A_CONNECTION
