"""Writes responses: the application's, and errors for unreadable requests. waitress runs them as tasks of a `Connection`."""

from http import HTTPStatus

from waitress.task import ErrorTask, WSGITask
from waitress.utilities import Error

from config.error_responses import refuse
from config.request_limits import MAX_ADDRESS_BYTES, MAX_HEADER_BYTES, too_large

DETAILS_AND_HINTS = {  # by status code
    400: ("This is not an HTTP/1.1 request: {}.", "Send it with an HTTP library."),
    408: ("The request took too long to arrive.", "Send it again, without pauses."),
    414: ("The address is too long.", f"Use at most {MAX_ADDRESS_BYTES} bytes."),
    431: ("The headers are too large.", f"Send at most {MAX_HEADER_BYTES} bytes of headers."),
    500: ("The server has an error.", "Try again; if it fails again, tell an operator when it happened."),
    501: ("The transfer coding is unknown.", "Send the body with Content-Length, or chunked."),
    505: ("This server speaks HTTP/1.1.", "Send the request with that version."),
}


class ErrorResponse(ErrorTask):
    """To a request that cannot be read."""

    def execute(self) -> None:
        error, address = self.request.error, self.request.address
        headers, body = refuse(address, error.code, *self._detail_and_hint(error, address))
        self.status = f"{error.code} {HTTPStatus(error.code).phrase}"
        self.response_headers += [*headers.items(), ("X-Content-Type-Options", "nosniff")]
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(b"" if self.request.start.startswith(b"HEAD ") else body)

    def _detail_and_hint(self, error: Error, address: str) -> tuple[str, str]:
        if error.code == 413:
            return too_large(address, self.request.content_length or None)
        detail, hint = DETAILS_AND_HINTS.get(error.code, DETAILS_AND_HINTS[500])
        return detail.format(error.body), getattr(error, "hint", hint)


class ApplicationResponse(WSGITask):
    """Sends no body for HEAD. Closes the connection when the client asks for it or the server stops."""

    @property
    def is_head(self) -> bool:
        return self.request.command == "HEAD"

    def get_environment(self) -> dict:
        environ = super().get_environment()
        environ["perennial.unsent_bytes"] = lambda: (
            self.channel.total_outbufs_len
        )  # interactions/api/exports.py
        if self.is_head:
            environ.pop("wsgi.file_wrapper", None)
        return environ

    def build_response_header(self) -> bytes:
        options = self.request.headers.get("CONNECTION", "").lower().replace(" ", "").split(",")
        if self.channel.server.stopping or "close" in options:
            self.request.headers["CONNECTION"] = "close"
        return super().build_response_header()

    def write(self, data: bytes) -> None:
        super().write(b"" if self.is_head else data)

    def finish(self) -> None:
        self.chunked_response = self.chunked_response and not self.is_head
        super().finish()
