"""Reads one request within the limits of its route. Called by waitress through `Connection`."""

import re
import time
from urllib.parse import unquote

from waitress.parser import HTTPRequestParser, ParsingError
from waitress.receiver import ChunkedReceiver
from waitress.utilities import BadRequest, Error, RequestEntityTooLarge

from config.request_limits import KIB, MAX_ADDRESS_BYTES, max_body_bytes

MAX_CHUNK_LINE_BYTES = KIB
MAX_TRAILER_BYTES = 8 * KIB
# The sizes, extensions and line ends of a chunked body cost far more to read than its content. They may take this many
# bytes, and one more byte for each four bytes of content.
FRAMING_BYTES = 16 * KIB
CONTENT_PER_FRAMING = 4
# Bytes of a chunked body that are passed at once: waitress copies the rest of its input after each chunk.
MAX_CHUNKED_READ = 4 * KIB
MAX_BLANK_BYTES = 64  # line ends before a request
MAX_HEADERS = 200
# waitress takes quadratic time for spaces before a header's value.
TOO_MANY_SPACES = re.compile(rb"[ \t]{65}")
FOLDED_HEADER = re.compile(rb"\n[ \t]")  # RFC 9112 (5.2) lets a server refuse these
SCHEME_AND_HOST = re.compile(r"^https?://[^/?]*", re.IGNORECASE)


class AddressTooLong(BadRequest):
    code = 414


class UnsupportedVersion(BadRequest):
    code = 505


class ChunksTooSmall(BadRequest):
    hint = f"Send larger chunks, of {KIB} bytes or more."


class RequestTimeout(BadRequest):
    code = 408


class RequestParser(HTTPRequestParser):
    path = command = ""

    def __init__(self, adj) -> None:
        super().__init__(adj)
        self.started_at = time.monotonic()
        self.start = b""  # the first bytes of the request, at most one more than an address may have
        self.blank_bytes = 0  # of line ends before the request

    def received(self, data: bytes) -> int:
        """Read from `data`; return the number of bytes read. To be called with the rest until `completed` is true."""
        if not self.start and data[:1] in b"\r\n":
            return self._skip_blank_lines(data)
        if self.body_rcv is None:
            self.start += data[: MAX_ADDRESS_BYTES + 1 - len(self.start)]
        consumed = super().received(data[:MAX_CHUNKED_READ] if self.chunked else data)
        self._complete_on(self.error or self._exceeded_limit())
        return consumed

    def _skip_blank_lines(self, data: bytes) -> int:
        """Some clients send line ends after a body (RFC 9112, 2.2)."""
        skipped = len(data) - len(data.lstrip(b"\r\n"))
        self.blank_bytes += skipped
        too_many = self.blank_bytes > MAX_BLANK_BYTES
        self._complete_on(BadRequest("it begins with too many blank lines") if too_many else None)
        return skipped

    def _complete_on(self, error: Error | None) -> None:
        if error:
            self.error, self.completed = error, True
        if self.completed:
            self.expect_continue = False  # otherwise waitress would send 100 Continue

    def _exceeded_limit(self) -> BadRequest | None:
        if self.empty:
            self.empty = False  # otherwise waitress would not respond
            return BadRequest("it has no first line")
        if not self.headers_finished:
            too_long = len(self.start) > MAX_ADDRESS_BYTES and b"\n" not in self.start
            return AddressTooLong("") if too_long else None
        if self.version and not self.version.startswith("1."):
            return UnsupportedVersion("")
        if self.content_length > self.max_body_bytes:
            return RequestEntityTooLarge("")
        return self._exceeded_chunk_limit(self.body_rcv) if self.chunked else None

    def _exceeded_chunk_limit(self, body: ChunkedReceiver) -> BadRequest | None:
        if len(body) + body.chunk_remainder > self.max_body_bytes:
            return RequestEntityTooLarge("")
        if len(body.control_line) > MAX_CHUNK_LINE_BYTES or len(body.trailer) > MAX_TRAILER_BYTES:
            return BadRequest("a line between two chunks is too long")
        framing = self.body_bytes_received - len(body)
        if framing > FRAMING_BYTES + len(body) // CONTENT_PER_FRAMING:
            return ChunksTooSmall("its chunks are too small for so large a body")
        return None

    @property
    def max_body_bytes(self) -> int:
        return max_body_bytes(_with_one_slash(self.path))

    def parse_header(self, header_plus: bytes) -> None:
        if header_plus.count(b"\n") > MAX_HEADERS + 2:
            raise ParsingError(f"it has more than {MAX_HEADERS} headers")
        if TOO_MANY_SPACES.search(header_plus) or FOLDED_HEADER.search(header_plus):
            raise ParsingError("a header has more than 64 spaces in a row, or begins with one")
        try:
            super().parse_header(header_plus)
        except ValueError as error:  # thousands of digits, half an IPv6 address
            raise ParsingError("its first line or its Content-Length cannot be read") from error
        if self.chunked and "CONTENT_LENGTH" in self.headers:
            raise ParsingError("it has both Content-Length and Transfer-Encoding")

    @property
    def address(self) -> str:
        """The requested path, as far as the first line has been read; without scheme, host and query."""
        words = self.start.split(b"\n", 1)[0].split(b" ")
        target = words[1].decode("latin-1").partition("?")[0] if len(words) > 1 else ""
        return _with_one_slash(unquote(SCHEME_AND_HOST.sub("", target)))


def _with_one_slash(path: str) -> str:
    """The path as waitress passes it to the application."""
    return "/" + path.lstrip("/") if path.startswith("/") else path
