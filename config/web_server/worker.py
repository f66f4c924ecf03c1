"""The gunicorn worker that runs waitress. Named in `gunicorn.conf.py`."""

import os
import resource
import socket
import time

from django.conf import settings
from gunicorn.workers.base import Worker
from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.task import ThreadedTaskDispatcher

from config.request_limits import KIB, MAX_HEADER_BYTES
from config.web_server.fair_queue import FairQueue
from config.web_server.server import TcpServer, UnixServer

FILES_PER_CONNECTION = 3  # its socket, a large body, a large response
OTHER_FILES = 200
MAX_FILES = 8_192
SEND_BUFFER_BYTES = 128 * KIB
RECEIVE_BUFFER_BYTES = 128 * KIB
BODY_MEMORY_BYTES = 64 * KIB  # of a body, per connection; the rest is written to a temporary file
UNLIMITED = 1 << 40  # `Connection` and `RequestParser` enforce their own limits


class BufferingWorker(Worker):
    """One process: an event loop that reads and writes, and `threads` that process complete requests."""

    servers: list[TcpServer | UnixServer] = []

    def run(self) -> None:
        self.map: dict = {}
        dispatcher = ThreadedTaskDispatcher()
        dispatcher.queue = FairQueue(lambda connection: connection.sender)
        dispatcher.set_thread_count(self.cfg.threads)
        options = _options(min(self.cfg.worker_connections, _max_connections()))
        self.servers = [self._server(listener.sock, dispatcher, options) for listener in self.sockets]
        while self.alive and self.ppid == os.getppid():
            self._run_pass(1.0)
        self._shut_down()

    def _server(
        self, sock: socket.socket, dispatcher: ThreadedTaskDispatcher, options: Adjustments
    ) -> TcpServer | UnixServer:
        server_class = UnixServer if sock.family == socket.AF_UNIX else TcpServer
        info = (sock.family, sock.type, sock.proto, sock.getsockname())
        server = server_class(
            self.wsgi,
            map=self.map,
            _sock=sock,
            dispatcher=dispatcher,
            adj=options,
            sockinfo=info,
            bind_socket=False,
        )
        server.trusted_proxies = settings.REST_FRAMEWORK["NUM_PROXIES"]
        return server

    def _run_pass(self, max_wait: float) -> None:
        """One pass of the event loop; waits at most `max_wait` seconds for a socket to be ready."""
        self.notify()
        for server in self.servers:
            server.begin_pass()
        wasyncore.poll2(max_wait, self.map)

    def _shut_down(self) -> None:
        """Accept no more connections, and let running requests finish within gunicorn's `graceful_timeout`."""
        for server in self.servers:
            server.stop_accepting()
        deadline = time.monotonic() + self.cfg.graceful_timeout
        while self._connection_count() and time.monotonic() < deadline:
            for server in self.servers:
                server.maintenance(time.time())
            self._run_pass(0.1)

    def _connection_count(self) -> int:
        return sum(len(server.active_channels) for server in self.servers)

    def handle_exit(self, sig, frame) -> None:
        super().handle_exit(sig, frame)
        for server in self.servers[:1]:
            server.pull_trigger()  # wakes the event loop


def _options(max_connections: int) -> Adjustments:
    options = Adjustments(
        ident="perennial",
        connection_limit=max_connections,
        cleanup_interval=1,
        recv_bytes=64 * KIB,
        inbuf_overflow=BODY_MEMORY_BYTES,
        outbuf_overflow=KIB * KIB,
        outbuf_high_watermark=UNLIMITED,
        max_request_header_size=MAX_HEADER_BYTES,
        max_request_body_size=UNLIMITED,
        clear_untrusted_proxy_headers=False,  # Django and REST framework evaluate them by TRUSTED_PROXIES
        log_socket_errors=False,
        asyncore_use_poll=True,
    )
    # Small kernel buffers: by default they grow to megabytes, which one pass of the loop would copy into a socket, or
    # read from it after its client has disconnected.
    options.socket_options = [
        *options.socket_options,
        (socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES),
        (socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES),
    ]
    return options


def _max_connections() -> int:
    """Raise the process's limit of open files up to MAX_FILES; return how many connections these suffice for."""
    _, hard_limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = MAX_FILES if hard_limit == resource.RLIM_INFINITY else min(hard_limit, MAX_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard_limit))
    return (files - OTHER_FILES) // FILES_PER_CONNECTION
