"""One client's connection: it reads requests one after another and enforces timeouts.

Created by the servers of `config/web_server/server.py`; waitress's event loop calls the `handle_…` methods, its threads
call `service`.
"""

import socket
import time

from waitress.channel import HTTPChannel

from accounts.client_address import client_address
from config.request_limits import KIB
from config.web_server.parser import RequestParser, RequestTimeout
from config.web_server.responses import ApplicationResponse, ErrorResponse

HEADER_SECONDS = 20  # from the first byte of a request to the end of its headers
BODY_SECONDS = 120  # from the first byte of a request to its last
BODY_PAUSE_SECONDS = 20  # between two pieces of a body
IDLE_SECONDS = 30  # between two requests, and before the first byte of a connection
RESPONSE_SECONDS = 600  # for a client to read a whole response
RESPONSE_PAUSE_SECONDS = 60  # between two pieces of a response
LINGER_SECONDS = 30  # for which input is discarded after a refusal
MAX_LINGER_BYTES = 64 * KIB * KIB
CHECK_CLIENT_AFTER_SECONDS = 1  # a GET that was queued longer is dropped if its client has disconnected
PROBES = ("/healthz", "/readyz")


class Connection(HTTPChannel):
    """Reads at most one further request while one is processed. After a refusal the client can still read the response."""

    parser_class = RequestParser
    task_class = ApplicationResponse
    error_task_class = ErrorResponse
    refused = False  # the request could not be read, and the client may still be sending
    linger_until = 0.0  # monotonic time; until then input is discarded; 0: not lingering
    discarded_bytes = 0
    queued_at = 0.0  # when the request that is processed next was complete
    unread = b""  # input after a complete request, parsed once that request has been processed

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.idle_since = self.response_started_at = time.monotonic()

    @property
    def sender(self) -> tuple[str, str]:
        """Key for the fair queue: client address and credentials. All probes share one key."""
        request = self.requests[0]
        if request.path in PROBES:
            return "probes", ""
        headers = request.headers
        peer = self.addr[0] if isinstance(self.addr, tuple) else ""
        address = client_address(peer, headers.get("X_FORWARDED_FOR", ""), self.server.trusted_proxies)
        return address, headers.get("AUTHORIZATION", "") + headers.get("COOKIE", "")

    # Processing, in a thread

    def service(self) -> None:
        if self._was_abandoned():
            self._drop_requests()
            return
        self.response_started_at = time.monotonic()
        self.refused = bool(self.requests[0].error)
        super().service()
        self.idle_since = time.monotonic()

    def _was_abandoned(self) -> bool:
        """Whether the request is a read that was queued for long, and its client has disconnected."""
        queued_seconds = time.monotonic() - self.queued_at
        if self.requests[0].command not in ("GET", "HEAD") or queued_seconds < CHECK_CLIENT_AFTER_SECONDS:
            return False
        try:
            return not self.socket.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            return True

    def _drop_requests(self) -> None:
        with self.requests_lock:
            for request in self.requests:
                request.close()
            self.requests = []
            self.will_close = True
        self.server.pull_trigger()

    # Reading, in the event loop

    def readable(self) -> bool:
        return bool(self.linger_until) or (not self.unread and super().readable())

    def handle_read(self) -> None:
        if self.linger_until:
            self._discard_input()
        elif not self._must_wait_for_next_pass():
            super().handle_read()

    def received(self, data: bytes) -> bool:
        """Parse `data` up to the end of one request, and keep the rest: it may contain thousands of requests."""
        with self.requests_lock:
            if self.will_close or self.close_when_flushed:
                return False
            while data and not self.requests and not self._must_wait_for_next_pass():
                data = self._parse(data)
        self.unread = data
        return True

    def _must_wait_for_next_pass(self) -> bool:
        """Whether it is reading a body, and this pass of the event loop has spent its time on bodies."""
        return self.request is not None and self.request.headers_finished and self.server.pass_is_over()

    def _parse(self, data: bytes) -> bytes:
        """Pass `data` to the current request; return what follows it. A complete request is queued for processing."""
        if self.request is None:
            self.request = self.parser_class(self.adj)
        self._move_to_end_of_loop()
        rest = data[self.request.received(data) :]
        if self.request.completed:
            self.sent_continue = False
            self.requests.append(self.request)
            self.request = None
            self.queued_at = time.monotonic()
            self.server.add_task(self)
        elif self.request.expect_continue and self.request.headers_finished and not self.sent_continue:
            self.send_continue()
        return rest

    def _move_to_end_of_loop(self) -> None:
        """The event loop serves connections in the order of this dictionary."""
        if self._fileno in self._map:
            self._map[self._fileno] = self._map.pop(self._fileno)

    def _can_parse_unread(self) -> bool:
        return bool(self.unread) and super().readable()

    def _discard_input(self) -> None:
        try:
            self.discarded_bytes += len(self.recv(self.adj.recv_bytes))
        except OSError:
            self.handle_close()
        if self.discarded_bytes > MAX_LINGER_BYTES:
            self.handle_close()

    # Writing and closing, in the event loop

    def writable(self) -> bool:
        return bool(super().writable() or self._can_parse_unread())

    def handle_write(self) -> None:
        if self.refused and self.close_when_flushed and not self.will_close:
            self._flush_exception(self._flush_some)
            if self.connected and not self.total_outbufs_len and not self.will_close:
                self._linger()
        else:
            super().handle_write()
            if self._can_parse_unread():
                self.received(self.unread)
        if self.will_close and self.connected:
            self.handle_close()

    def handle_close(self) -> None:
        self.unread = b""
        super().handle_close()

    def _linger(self) -> None:
        """Close for writing and discard input: a full close would reset the connection before the client has read."""
        self.close_when_flushed = False
        self.unread = b""
        self.linger_until = time.monotonic() + LINGER_SECONDS
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            self.will_close = True

    # Timeouts, in the event loop

    def enforce_timeouts(self, now: float) -> None:
        """Close the connection, or answer 408, when it has taken too long; `now` is monotonic."""
        pause = time.time() - self.last_activity
        if self.linger_until:
            self.will_close = now > self.linger_until
        elif self.total_outbufs_len:
            self.will_close = (
                pause > RESPONSE_PAUSE_SECONDS or now - self.response_started_at > RESPONSE_SECONDS
            )
        elif self.requests or (self.unread and self.request is None):
            return
        elif self.request is None or not self.request.start:
            self.will_close = self.server.stopping or now - self.idle_since > IDLE_SECONDS
        elif self._has_timed_out(self.request, now, pause):
            self._time_out()

    def _has_timed_out(self, request: RequestParser, now: float, pause: float) -> bool:
        elapsed = now - request.started_at
        if request.headers_finished:
            return elapsed > BODY_SECONDS or pause > BODY_PAUSE_SECONDS
        return elapsed > HEADER_SECONDS

    def _time_out(self) -> None:
        """Replace the incomplete request by a 408 response."""
        with self.requests_lock:
            self.request.error, self.request.completed = RequestTimeout(""), True
            self.requests.append(self.request)
            self.request = None
        self.server.add_task(self)
