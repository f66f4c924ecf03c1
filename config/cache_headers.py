"""Tells browsers and proxies to store no answer but static files, so that nothing private comes back after log-out."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse


def store_nowhere(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware; below WhiteNoise, which answers static files by itself. What a view says of its own is left."""

    def answer(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response

    return answer
