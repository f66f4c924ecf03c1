"""Middleware for routes that use no session: it drops their cookies, so that nothing reads the session's row."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

PROBES = {"/healthz", "/readyz", "/metrics"}  # reading a session waits for a database that is down
PICTURES = "/pictures/"  # a page shows dozens of them, and browsers may keep them for every user


def ignore_session(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Drop the cookies of probes and of requests for pictures, and the header by which their responses vary by cookies."""

    def middleware(request: HttpRequest) -> HttpResponse:
        path = request.path_info
        if not path.startswith(PICTURES) and path.rstrip("/") not in PROBES:
            return get_response(request)
        request.COOKIES = {}
        response = get_response(request)
        if response.headers.get("Vary") == "Cookie":  # the log line of a request asks for its user
            del response.headers["Vary"]
        return response

    return middleware
