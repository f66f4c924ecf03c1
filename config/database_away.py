"""While the database is away, DEBUG shows what every other run shows: 503, and no page about an error of the code."""

import sys
from collections.abc import Callable
from typing import Any

from django.core.signals import got_request_exception
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse

from interactions.db_errors import DATABASE_UNAVAILABLE
from interactions.problems import server_error


def answer_503(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware, the outermost: Django asks no handler500 under DEBUG, and its own page always is a 500."""

    def answer(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        return getattr(request, "answer_while_away", response)

    return answer


@receiver(got_request_exception)
def _prepare(request: HttpRequest, **_: Any) -> None:
    if isinstance(sys.exc_info()[1], DATABASE_UNAVAILABLE):
        request.answer_while_away = server_error(request)
