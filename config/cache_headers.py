"""Middleware that forbids browsers and proxies to store responses, so that the Back button shows nothing private after log-out."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse


def forbid_storing(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Set Cache-Control where the view has not. Static files are not affected: WhiteNoise, further out, serves them."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response

    return middleware
