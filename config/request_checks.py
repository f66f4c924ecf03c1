"""Middleware that refuses unreadable requests before a session, a view or a log line uses any part of them.

Works under any WSGI server. Perennial's own (`config/web_server/`) refuses most of these requests by itself.
"""

import re
from collections.abc import Callable, Iterator
from io import BytesIO

from django.core.exceptions import DisallowedHost, SuspiciousOperation
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.http.multipartparser import MAX_TOTAL_HEADER_SIZE, MultiPartParserError

from config.error_responses import API, refuse
from config.request_limits import MAX_ADDRESS_BYTES, max_body_bytes, too_large

CONTENT_LENGTH = re.compile(r"[0-9]{1,15}")
INVALID_IN_HEADERS = re.compile(r"[^\t\x20-\x7e\x80-\xff]")  # WSGI passes each byte as one character
CONTROL_CHARACTER = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
# A parameter name of RFC 2231 (`title*`, `title*0*`), which HTTP does not allow in these headers. Django and REST
# framework parse them with Python's email package, which fails on some and decodes others to line breaks.
EXTENDED_PARAMETER = re.compile(r";\s*\w+\*(?:[0-9]+\*?)?\s*(?:[=;,]|$)", re.MULTILINE)
MAX_FIELDS = 1_000  # of a query or a form: Django's limit, but its error page takes seconds under DEBUG
MAX_PARTS = 1_000  # of a multipart form
MAX_CONTENT_TYPE_LENGTH = 1_000  # characters; Django's parser takes quadratic time
URLENCODED, MULTIPART = FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
NUL_IN_FORM = ("The form has a NUL character.", "Leave NUL characters out of the form.")


class Refused(Exception):
    """The request cannot be read. Arguments: status code, what is wrong, what to do."""

    def __init__(self, code: int, detail: str, hint: str) -> None:
        super().__init__(code, detail, hint)


class CheckRequest:
    """Must come before all middleware that reads sessions, cookies or bodies."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            check(request)
        except Refused as error:
            headers, body = refuse(request.path_info, *error.args)
            return HttpResponse(body, status=error.args[0], headers=headers)
        return self.get_response(request)


def check_content_type(value: str) -> None:
    """Raise Refused for a content type that must not be parsed. `config/wsgi.py` calls it before Django parses it."""
    if len(value) > MAX_CONTENT_TYPE_LENGTH:
        raise Refused(
            400, "The header Content-Type is too long.", f"Use at most {MAX_CONTENT_TYPE_LENGTH} characters."
        )
    if "*" in value.partition(";")[0]:  # REST framework would parse it as a form, which the checks below miss
        raise Refused(400, "The header Content-Type names no media type.", "Send one without an asterisk.")
    _check_parameters("header Content-Type", value)


def _check_parameters(where: str, value: str) -> None:
    if EXTENDED_PARAMETER.search(value):
        raise Refused(
            400,
            f"The {where} has a parameter whose name ends in an asterisk.",
            "Send parameters as name=value, without the continuations and charsets of RFC 2231.",
        )


def check(request: HttpRequest) -> None:
    """Raise Refused for an unreadable request; remove cookies with control characters; read the body into memory."""
    _check_address(request)
    _check_headers(request)
    _check_host(request)
    _drop_broken_cookies(request)
    length = _content_length(request)
    if length:
        _check_body_type(request)
        _read_body(request, length)


def _check_address(request: HttpRequest) -> None:
    query = request.META.get("QUERY_STRING", "")
    if len(request.path_info) + len(query) > MAX_ADDRESS_BYTES:
        raise Refused(414, "The address is too long.", f"Use at most {MAX_ADDRESS_BYTES} bytes.")
    if query.count("&") >= MAX_FIELDS:
        raise Refused(
            400,
            "The address has too many parameters.",
            f"Send at most {MAX_FIELDS} after the question mark.",
        )
    nul_in_query = "\x00" in query or "%00" in query
    is_api = request.path_info.startswith(API)  # whose views name the parameter
    if "\x00" in request.path_info or (nul_in_query and not is_api):
        raise Refused(400, "The address has a NUL character.", "Leave %00 out of the path and the query.")


def _check_headers(request: HttpRequest) -> None:
    for name, value in _headers(request):
        if INVALID_IN_HEADERS.search(value):
            raise Refused(
                400,
                f"The header {name} has an invalid character.",
                "Send headers without control characters.",
            )
    _check_parameters("header Accept", request.META.get("HTTP_ACCEPT", ""))


def _check_host(request: HttpRequest) -> None:
    try:
        request.get_host()
    except DisallowedHost as error:
        raise Refused(
            400, "This host name is not served here.", "Use a host name that is listed in ALLOWED_HOSTS."
        ) from error


def _headers(request: HttpRequest) -> Iterator[tuple[str, str]]:
    for key, value in request.META.items():
        if key.startswith("HTTP_") or key in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            yield key.removeprefix("HTTP_").replace("_", "-").title(), str(value)


def _drop_broken_cookies(request: HttpRequest) -> None:
    """Ignore cookies with control characters. Perennial sets none, and a refusal would lock the browser out for good."""
    request.COOKIES = {
        name: value for name, value in request.COOKIES.items() if not CONTROL_CHARACTER.search(name + value)
    }


def _content_length(request: HttpRequest) -> int:
    """The declared bytes of the body. Raises Refused when they are unknown or above the route's limit."""
    if "HTTP_TRANSFER_ENCODING" in request.META:  # a server that decodes it removes the header
        raise Refused(
            411, "The body has no length.", "Send it with Content-Length and without Transfer-Encoding."
        )
    declared = request.META.get("CONTENT_LENGTH") or "0"
    if not CONTENT_LENGTH.fullmatch(declared):
        raise Refused(
            400,
            "Content-Length is not a number of bytes.",
            "Send one whole number, or let your client set it.",
        )
    if int(declared) > max_body_bytes(request.path_info):
        raise Refused(413, *too_large(request.path_info, int(declared)))
    return int(declared)


def _check_body_type(request: HttpRequest) -> None:
    coding = request.META.get("HTTP_CONTENT_ENCODING", "identity")
    if coding.strip().lower() not in ("", "identity"):
        raise Refused(
            415, f"The body is encoded as {coding[:40]}.", "Send it unencoded, without Content-Encoding."
        )
    if not request.path_info.startswith(API) and request.content_type not in FORMS:
        raise Refused(415, "Pages accept forms only.", "Use the form of the page, or the API under /api/v1/.")


def _read_body(request: HttpRequest, length: int) -> None:
    """Read the body into memory, as the views would, so that a truncated body is refused and not processed."""
    try:
        body = request.body
    except UnreadablePostError as error:
        raise Refused(400, "The body could not be read.", "Send it again.") from error
    if len(body) != length:
        raise Refused(400, f"The body ended after {len(body)} of {length} bytes.", "Send all of it again.")
    if request.content_type == URLENCODED:
        _check_urlencoded(body)
    elif request.content_type == MULTIPART:
        _check_multipart(request, body)


def _check_urlencoded(body: bytes) -> None:
    if body.count(b"&") >= MAX_FIELDS:
        raise Refused(400, "The form has too many fields.", f"Send at most {MAX_FIELDS}.")
    if not body.strip(b"&"):
        raise Refused(400, "The form has no field.", "Send no body, or fields as name=value.")
    if b"\x00" in body or b"%00" in body:
        raise Refused(400, *NUL_IN_FORM)


def _check_multipart(request: HttpRequest, body: bytes) -> None:
    if b"\x00" in body:
        raise Refused(400, *NUL_IN_FORM)
    boundary = b"--" + request.content_params.get("boundary", "").encode(errors="replace")
    _check_part_headers(body, boundary)
    _check_all_parts_are_parsed(request, body, parts=body.count(boundary) - 1)


def _check_all_parts_are_parsed(request: HttpRequest, body: bytes, parts: int) -> None:
    """Refuse a form when Django parses fewer than `parts` parts: it skips invalid ones without an error."""
    try:
        fields, files = request.parse_file_upload(request.META, BytesIO(body))
    except (MultiPartParserError, SuspiciousOperation, UnicodeError) as error:
        raise Refused(400, "The form cannot be read.", "Send it with an HTTP library.") from error
    if sum(len(values) for _, values in [*fields.lists(), *files.lists()]) != parts:
        raise Refused(
            400,
            "The form has a part that cannot be read.",
            "Send every part with a name, lines that end in CR and LF, and the last boundary; or send JSON.",
        )


def _check_part_headers(body: bytes, boundary: bytes) -> None:
    if body.count(boundary) > MAX_PARTS:
        raise Refused(
            400, "The form has too many parts.", f"Send at most {MAX_PARTS}, the last boundary included."
        )
    for part in body.split(boundary):
        headers, end, _ = part[:MAX_TOTAL_HEADER_SIZE].partition(b"\r\n\r\n")
        if end:
            _check_parameters("header of a part of the form", headers.decode(errors="replace"))
