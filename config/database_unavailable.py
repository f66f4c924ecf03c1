"""Middleware for DEBUG: answers 503 while the database is unavailable, as without DEBUG.

Under DEBUG Django does not call handler500; it shows its own page, always with status 500.
"""

import sys
from collections.abc import Callable
from typing import Any

from django.core.signals import got_request_exception
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse

from interactions.db_errors import DATABASE_UNAVAILABLE
from interactions.problems import server_error


def answer_503(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Must be the outermost middleware, so that it sees the response to an exception of any other."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        return getattr(request, "database_unavailable_response", response)

    return middleware


@receiver(got_request_exception)
def _prepare_response(request: HttpRequest, **_: Any) -> None:
    if isinstance(sys.exc_info()[1], DATABASE_UNAVAILABLE):
        request.database_unavailable_response = server_error(request)
