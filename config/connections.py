"""Connections of the web server: a request is whole before a thread takes it up, and has a limit and a deadline.

Waitress reads requests and writes answers in one loop per process, so a client that sends or reads slowly holds a socket
and no thread. This module adds limits by route, deadlines, bounds on what one connection and all bodies take of a pass of
the event loop, error answers as the application writes them, and a close that lets a client read the answer while it is still
sending. `config/serving.py` starts it.
"""

import re
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

from accounts.client_address import client_address
from config.error_responses import refuse
from config.request_limits import ADDRESS_BYTES, HEADER_BYTES, KIB, most_body_bytes, too_large

HEADER_SECONDS = (
    20  # from the first byte of a request, or from the connection's start, to the end of its headers
)
PAUSE_SECONDS = 20  # between two pieces of a body, and between two pieces of an answer that the client takes
BODY_SECONDS = 120  # from the first byte of a request to its last
IDLE_SECONDS = 30  # between two requests of one connection
PATIENCE = 1  # seconds that a read waits before it is asked whether its client is still there
PROBES = ("/healthz", "/readyz")
ANSWER_SECONDS = 600  # for a client to take an answer
LINGER_SECONDS = 30  # for what a client still sends after it was refused
LINGER_BYTES = 64 * KIB * KIB
CHUNK_LINE_BYTES = KIB
TRAILER_BYTES = 8 * KIB
# Of the sizes, extensions and line ends of a chunked body, which cost far more to read than what is between them: so
# many bytes are taken, and one more for each four of content.
FRAMING_BYTES = 16 * KIB
CONTENT_PER_FRAMING = 4
SLICE_BYTES = 4 * KIB  # waitress copies what is left after each chunk, so it gets a chunked body in slices
BLANK_BYTES = 64  # of line ends before a request
HEADER_LINES = 200
# waitress needs a time for a header that grows with the square of the spaces before its value.
TOO_MANY_SPACES = re.compile(rb"[ \t]{65}")
FOLDED = re.compile(rb"\n[ \t]")  # a header in several lines, which RFC 9112 (5.2) lets a server refuse
# Of each pass of the event loop for reading bodies; those left over come first in the next one.
PASS_SECONDS = 0.02
NEW_IN_A_PASS = 8  # connections, for which waitress alone would need as many passes
ORIGIN = re.compile(r"^https?://[^/?]*", re.IGNORECASE)  # before the path of a whole address
SAID = {
    400: ("This is no HTTP/1.1 request: {}.", "Send it with an HTTP library."),
    408: ("The request took too long to arrive.", "Send it again, without pauses."),
    414: ("The address is too long.", f"Use at most {ADDRESS_BYTES} bytes."),
    431: ("The headers are too large.", f"Send at most {HEADER_BYTES} bytes of headers."),
    500: ("Something is wrong here.", "Try again; if it stays, tell an operator when it happened."),
    501: ("The transfer coding is unknown.", "Send the body with Content-Length, or chunked."),
    505: ("This server speaks HTTP/1.1.", "Send the request with that version."),
}


class AddressTooLong(BadRequest):
    code = 414


class OtherVersion(BadRequest):
    code = 505


class ChunksTooSmall(BadRequest):
    hint = f"Send larger chunks, of {KIB} bytes or more."


class Overdue(BadRequest):
    code = 408


class Parser(HTTPRequestParser):
    """Reads one request within the limits of its route."""

    path = command = ""

    def __init__(self, adj) -> None:
        super().__init__(adj)
        self.begun_at = time.monotonic()
        self.start = b""  # of the request, as far as its first line may be long
        self.blank = 0  # bytes of line ends before it

    def received(self, data: bytes) -> int:
        """Read from `data`, and return how much of it; called again with the rest until `completed`."""
        if not self.start and data[:1] in b"\r\n":
            return self._skip_blank_lines(data)
        if self.body_rcv is None:
            self.start += data[: ADDRESS_BYTES + 1 - len(self.start)]
        consumed = super().received(data[:SLICE_BYTES] if self.chunked else data)
        self._end_if(self.error or self._beyond_a_limit())
        return consumed

    def _skip_blank_lines(self, data: bytes) -> int:
        """Some clients send line ends after a body (RFC 9112, 2.2)."""
        skipped = len(data) - len(data.lstrip(b"\r\n"))
        self.blank += skipped
        self._end_if(BadRequest("it begins with too many blank lines") if self.blank > BLANK_BYTES else None)
        return skipped

    def _end_if(self, error: Error | None) -> None:
        if error:
            self.error, self.completed = error, True
        if self.completed:
            self.expect_continue = False  # waitress would ask for more

    def _beyond_a_limit(self) -> BadRequest | None:
        if self.empty:
            self.empty = False  # waitress would leave it without an answer
            return BadRequest("it has no first line")
        if not self.headers_finished:
            too_long = len(self.start) > ADDRESS_BYTES and b"\n" not in self.start
            return AddressTooLong("") if too_long else None
        if self.version and not self.version.startswith("1."):
            return OtherVersion("")
        if self.content_length > self.most:
            return RequestEntityTooLarge("")
        return self._beyond_a_limit_of_chunks(self.body_rcv) if self.chunked else None

    def _beyond_a_limit_of_chunks(self, body: ChunkedReceiver) -> BadRequest | None:
        if len(body) + body.chunk_remainder > self.most:
            return RequestEntityTooLarge("")
        if len(body.control_line) > CHUNK_LINE_BYTES or len(body.trailer) > TRAILER_BYTES:
            return BadRequest("a line between two chunks is too long")
        framing = self.body_bytes_received - len(body)
        if framing > FRAMING_BYTES + len(body) // CONTENT_PER_FRAMING:
            return ChunksTooSmall("its chunks are too small for so large a body")
        return None

    @property
    def most(self) -> int:
        return most_body_bytes(_one_slash(self.path))

    def parse_header(self, header_plus: bytes) -> None:
        if header_plus.count(b"\n") > HEADER_LINES + 2:
            raise ParsingError(f"it has more than {HEADER_LINES} headers")
        if TOO_MANY_SPACES.search(header_plus) or FOLDED.search(header_plus):
            raise ParsingError("a header has more than 64 spaces in a row, or begins with one")
        try:
            super().parse_header(header_plus)
        except ValueError as error:  # thousands of digits, half an IPv6 address
            raise ParsingError("its first line or its Content-Length cannot be read") from error
        if self.chunked and "CONTENT_LENGTH" in self.headers:
            raise ParsingError("it has both Content-Length and Transfer-Encoding")

    @property
    def address(self) -> str:
        """The path that was asked for, as far as the first line shows it; that of a whole address, too."""
        words = self.start.split(b"\n", 1)[0].split(b" ")
        target = words[1].decode("latin-1").partition("?")[0] if len(words) > 1 else ""
        return _one_slash(unquote(ORIGIN.sub("", target)))


def _one_slash(path: str) -> str:
    """The path as waitress hands it on to the application."""
    return "/" + path.lstrip("/") if path.startswith("/") else path


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
        return detail.format(error.body), getattr(error, "hint", hint)


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
        wishes = self.request.headers.get("CONNECTION", "").lower().replace(" ", "").split(",")
        if self.channel.server.stopping or "close" in wishes:
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
    lingers_until = 0.0  # what still comes is read and forgotten until then
    forgotten = 0
    queued_at = 0.0  # the request that is to be answered next
    rest = b""  # what came with a request and follows it, left until that is answered

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.idle_since = self.answering_since = time.monotonic()

    @property
    def sender(self) -> tuple[str, str]:
        """Whose turn the request waits for: the client's address, and who is logged in there. Probes are a client of their own."""
        request = self.requests[0]
        if request.path in PROBES:
            return "probes", ""
        headers = request.headers
        peer = self.addr[0] if isinstance(self.addr, tuple) else ""
        address = client_address(peer, headers.get("X_FORWARDED_FOR", ""), self.server.proxies)
        return address, headers.get("AUTHORIZATION", "") + headers.get("COOKIE", "")

    def service(self) -> None:
        if self._nobody_waits():
            self._leave_unanswered()
            return
        self.answering_since = time.monotonic()
        self.lingers = bool(self.requests[0].error)
        super().service()
        self.idle_since = time.monotonic()

    def _nobody_waits(self) -> bool:
        """Whether it is a read that had to wait, and whose client has closed the connection meanwhile."""
        if self.requests[0].command not in ("GET", "HEAD") or time.monotonic() - self.queued_at < PATIENCE:
            return False
        try:
            return not self.socket.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            return True

    def _leave_unanswered(self) -> None:
        with self.requests_lock:
            for request in self.requests:
                request.close()
            self.requests = []
            self.will_close = True
        self.server.pull_trigger()

    def readable(self) -> bool:
        return bool(self.lingers_until) or (not self.rest and super().readable())

    def writable(self) -> bool:
        return bool(super().writable() or self._may_go_on())

    def handle_read(self) -> None:
        if self.lingers_until:
            self._forget()
        elif not self._waits_for_the_next_pass():
            super().handle_read()

    def received(self, data: bytes) -> bool:
        """Take in what was read, up to the end of one request: a client may send thousands in one piece."""
        with self.requests_lock:
            if self.will_close or self.close_when_flushed:
                return False
            while data and not self.requests and not self._waits_for_the_next_pass():
                data = self._read_on(data)
        self.rest = data
        return True

    def _waits_for_the_next_pass(self) -> bool:
        """Whether it is in the middle of a body, and the bodies of all connections have had their time in this pass."""
        return self.request is not None and self.request.headers_finished and self.server.pass_is_over()

    def _read_on(self, data: bytes) -> bytes:
        """Give it to the request that is on its way, and return what is left."""
        if self.request is None:
            self.request = self.parser_class(self.adj)
        self._go_behind_the_others()
        left = data[self.request.received(data) :]
        if self.request.completed:
            self.sent_continue = False
            self.requests.append(self.request)
            self.request = None
            self.queued_at = time.monotonic()
            self.server.add_task(self)
        elif self.request.expect_continue and self.request.headers_finished and not self.sent_continue:
            self.send_continue()
        return left

    def _go_behind_the_others(self) -> None:
        """The loop serves connections in the order of its map."""
        if self._fileno in self._map:
            self._map[self._fileno] = self._map.pop(self._fileno)

    def _may_go_on(self) -> bool:
        return bool(self.rest) and super().readable()

    def _forget(self) -> None:
        try:
            self.forgotten += len(self.recv(self.adj.recv_bytes))
        except OSError:
            self.handle_close()
        if self.forgotten > LINGER_BYTES:
            self.handle_close()

    def handle_write(self) -> None:
        if self.lingers and self.close_when_flushed and not self.will_close:
            self._flush_exception(self._flush_some)
            if self.connected and not self.total_outbufs_len and not self.will_close:
                self._linger()
        else:
            super().handle_write()
            if self._may_go_on():
                self.received(self.rest)
        if self.will_close and self.connected:
            self.handle_close()

    def handle_close(self) -> None:
        self.rest = b""
        super().handle_close()

    def _linger(self) -> None:
        """Tell the client that nothing more comes, and read on: a close now would reset it before it has read."""
        self.close_when_flushed = False
        self.rest = b""
        self.lingers_until = time.monotonic() + LINGER_SECONDS
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            self.will_close = True

    def keep_time(self, now: float) -> None:
        """Called about once a second: end what takes too long."""
        pause = time.time() - self.last_activity
        if self.lingers_until:
            self.will_close = now > self.lingers_until
        elif self.total_outbufs_len:
            self.will_close = pause > PAUSE_SECONDS * 3 or now - self.answering_since > ANSWER_SECONDS
        elif self.requests or (self.rest and self.request is None):
            return
        elif self.request is None or not self.request.start:
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
    proxies = 0  # whose X-Forwarded-For is believed
    stopping = False
    pass_ends_at = 0.0

    def begin_pass(self) -> None:
        """To be called before each pass of the event loop, also when `stop_accepting` has taken this server off it."""
        self.pass_ends_at = 0.0

    def handle_accept(self) -> None:
        for _ in range(NEW_IN_A_PASS):
            super().handle_accept()

    def pass_is_over(self) -> bool:
        """Whether the bodies that were read in this pass of the event loop took long enough; the first call starts the time."""
        now = time.monotonic()
        self.pass_ends_at = self.pass_ends_at or now + PASS_SECONDS
        return now > self.pass_ends_at

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
