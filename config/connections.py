"""Connections of the web server: a request is whole before a thread takes it up, and has a limit and a deadline.

Waitress reads requests and writes answers in one loop per process, so a client that sends or reads slowly holds a socket
and no thread. This module adds limits by route, deadlines, error answers as the application writes them, and a close that
lets a client read the answer while it is still sending. `config/serving.py` starts it.
"""

import socket
import time
from http import HTTPStatus
from urllib.parse import unquote

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.receiver import ChunkedReceiver
from waitress.server import BaseWSGIServer, TcpWSGIServer, UnixWSGIServer
from waitress.task import ErrorTask, WSGITask
from waitress.utilities import BadRequest, Error, RequestEntityTooLarge

from config.limits import ADDRESS_BYTES, HEADER_BYTES, KIB, most_body_bytes, too_large
from config.refusals import refuse

HEADER_SECONDS = (
    20  # from the first byte of a request, or from the connection's start, to the end of its headers
)
PAUSE_SECONDS = 20  # between two pieces of a body, and between two pieces of an answer that the client takes
BODY_SECONDS = 120  # from the first byte of a request to its last
IDLE_SECONDS = 30  # between two requests of one connection
ANSWER_SECONDS = 600  # for a client to take an answer
LINGER_SECONDS = 30  # for what a client still sends after it was refused
LINGER_BYTES = 64 * KIB * KIB
HELD_BYTES = (
    KIB * KIB
)  # of answers waiting for their client; further requests of its connection wait meanwhile
CHUNK_LINE_BYTES = KIB
TRAILER_BYTES = 8 * KIB
SAID = {
    400: ("This is no HTTP/1.1 request: {}.", "Send it with an HTTP library."),
    408: ("The request took too long to arrive.", "Send it again, without pauses."),
    414: ("The address is too long.", f"Use at most {ADDRESS_BYTES} bytes."),
    431: ("The headers are too large.", f"Send at most {HEADER_BYTES} bytes of headers."),
    500: ("Something is wrong here.", "Try again; if it stays, tell an operator when it happened."),
    501: ("The transfer coding is unknown.", "Send the body with Content-Length, or chunked."),
}


class AddressTooLong(BadRequest):
    code = 414


class Overdue(BadRequest):
    code = 408


class Parser(HTTPRequestParser):
    """Reads one request within the limits of its route."""

    def __init__(self, adj) -> None:
        super().__init__(adj)
        self.begun_at = time.monotonic()
        self.start = b""  # of the request, as far as its first line may be long

    def received(self, data: bytes) -> int:
        if self.body_rcv is None:
            self.start += data[: ADDRESS_BYTES + 1 - len(self.start)]
        consumed = super().received(data)
        if not self.error:
            self.error = self._beyond_a_limit()
        if self.error:
            self.completed = True
        if self.completed:
            self.expect_continue = False  # waitress would ask for more
        return consumed

    def _beyond_a_limit(self) -> BadRequest | None:
        if not self.headers_finished:
            too_long = len(self.start) > ADDRESS_BYTES and b"\n" not in self.start
            return AddressTooLong("") if too_long else None
        if self.content_length > self.most:
            return RequestEntityTooLarge("")
        return self._beyond_a_limit_of_chunks(self.body_rcv) if self.chunked else None

    def _beyond_a_limit_of_chunks(self, body: ChunkedReceiver) -> BadRequest | None:
        if len(body) + body.chunk_remainder > self.most:
            return RequestEntityTooLarge("")
        too_long = len(body.control_line) > CHUNK_LINE_BYTES or len(body.trailer) > TRAILER_BYTES
        return BadRequest("a line between two chunks is too long") if too_long else None

    @property
    def most(self) -> int:
        return most_body_bytes(self.path)

    def parse_header(self, header_plus: bytes) -> None:
        try:
            super().parse_header(header_plus)
        except ValueError as error:  # thousands of digits, half an IPv6 address
            raise ParsingError("its first line or its Content-Length cannot be read") from error
        if self.chunked and "CONTENT_LENGTH" in self.headers:
            raise ParsingError("it has both Content-Length and Transfer-Encoding")

    @property
    def address(self) -> str:
        """The path that was asked for, as far as the first line shows it."""
        words = self.start.split(b"\n", 1)[0].split(b" ")
        return unquote(words[1].decode("latin-1").partition("?")[0]) if len(words) > 1 else ""


class Refusal(ErrorTask):
    """The answer to a request that cannot be read."""

    def execute(self) -> None:
        error, address = self.request.error, self.request.address
        headers, body = refuse(address, error.code, *self._said(error, address))
        self.status = f"{error.code} {HTTPStatus(error.code).phrase}"
        self.response_headers += [*headers.items(), ("X-Content-Type-Options", "nosniff")]
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(b"" if self.request.start.startswith(b"HEAD ") else body)

    def _said(self, error: Error, address: str) -> tuple[str, str]:
        if error.code == 413:
            return too_large(address, self.request.content_length or None)
        detail, hint = SAID.get(error.code, SAID[500])
        return detail.format(error.body), hint


class Answer(WSGITask):
    """The application's answer; without a body where a HEAD has asked."""

    @property
    def is_head(self) -> bool:
        return self.request.command == "HEAD"

    def get_environment(self) -> dict:
        environ = super().get_environment()
        if self.is_head:
            environ.pop("wsgi.file_wrapper", None)
        return environ

    def build_response_header(self) -> bytes:
        if self.channel.server.stopping:
            self.request.headers["CONNECTION"] = "close"
        return super().build_response_header()

    def write(self, data: bytes) -> None:
        super().write(b"" if self.is_head else data)

    def finish(self) -> None:
        self.chunked_response = self.chunked_response and not self.is_head
        super().finish()


class Connection(HTTPChannel):
    """One client: its requests come one after the other, and none waits for it in a thread."""

    parser_class = Parser
    task_class = Answer
    error_task_class = Refusal
    lingers = False  # it was refused, and may still be sending
    held = False  # its next request waits until its client has taken what was answered
    lingers_until = 0.0  # what still comes is read and forgotten until then
    forgotten = 0

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.idle_since = self.answering_since = time.monotonic()

    def service(self) -> None:
        self.answering_since = time.monotonic()
        self.lingers = bool(self.requests[0].error)
        super().service()
        self.idle_since = time.monotonic()

    def readable(self) -> bool:
        return bool(self.lingers_until) or super().readable()

    def handle_read(self) -> None:
        if not self.lingers_until:
            super().handle_read()
            return
        try:
            self.forgotten += len(self.recv(self.adj.recv_bytes))
        except OSError:
            self.handle_close()
        if self.forgotten > LINGER_BYTES:
            self.handle_close()

    def handle_write(self) -> None:
        if self.lingers and self.close_when_flushed and not self.will_close:
            self._flush_exception(self._flush_some)
            if not self.total_outbufs_len and not self.will_close:
                self._linger()
        else:
            super().handle_write()
            self._release()
        if self.will_close and self.connected:
            self.handle_close()

    def _linger(self) -> None:
        """Tell the client that nothing more comes, and read on: a close now would reset it before it has read."""
        self.close_when_flushed = False
        self.lingers_until = time.monotonic() + LINGER_SECONDS
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            self.will_close = True

    def hold(self) -> bool:
        """Whether its next request has to wait for its client."""
        with self.outbuf_lock:
            self.held = self.connected and self.total_outbufs_len > HELD_BYTES
        return self.held

    def _release(self) -> None:
        with self.outbuf_lock:
            released = self.held and self.total_outbufs_len <= HELD_BYTES
            self.held = self.held and not released
        if released:
            self.server.task_dispatcher.add_task(self)

    def keep_time(self, now: float) -> None:
        """Called about once a second: end what takes too long."""
        pause = time.time() - self.last_activity
        if self.lingers_until:
            self.will_close = now > self.lingers_until
        elif self.total_outbufs_len:
            self.will_close = pause > PAUSE_SECONDS * 3 or now - self.answering_since > ANSWER_SECONDS
        elif self.requests:
            return
        elif self.request is None:
            self.will_close = self.server.stopping or now - self.idle_since > IDLE_SECONDS
        elif self._is_overdue(self.request, now, pause):
            self._give_up()

    def _is_overdue(self, request: Parser, now: float, pause: float) -> bool:
        took = now - request.begun_at
        if request.headers_finished:
            return took > BODY_SECONDS or pause > PAUSE_SECONDS
        return took > HEADER_SECONDS

    def _give_up(self) -> None:
        """Answer 408 in place of a request that does not end."""
        with self.requests_lock:
            self.request.error, self.request.completed = Overdue(""), True
            self.requests.append(self.request)
            self.request = None
        self.server.add_task(self)


class _Server(BaseWSGIServer):
    channel_class = Connection
    stopping = False

    def add_task(self, connection: Connection) -> None:
        if not connection.hold():
            super().add_task(connection)

    def maintenance(self, now: float) -> None:
        for connection in [*self.active_channels.values()]:
            connection.keep_time(time.monotonic())

    def stop_accepting(self) -> None:
        """Take no new connection, and end each as soon as it is idle."""
        self.stopping = True
        self.del_channel()
        self.socket.close()


class TcpServer(_Server, TcpWSGIServer):
    """Listens at a port."""


class UnixServer(_Server, UnixWSGIServer):
    """Listens at a socket's path."""
