"""Errors of the API as RFC 9457 problem details."""

import sys
from http import HTTPStatus
from math import ceil
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.template import loader
from django.views.defaults import bad_request
from rest_framework import exceptions, serializers, status
from rest_framework.permissions import SAFE_METHODS
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView, set_rollback

from interactions.db_errors import LOST_CONNECTION, is_cancelled, is_connection_lost

MEDIA_TYPE = "application/problem+json"
API = "/api/"
# What to do about it, unless the error itself knows better.
HINTS = {
    400: "Correct what `detail` names and send it again; /api/v1/docs/ describes every field.",
    401: "Send `Authorization: Token …`; POST /api/v1/auth/token/ gives a token for user name and password.",
    403: "Use an account that may do this; a browser's session also needs the header X-CSRFToken.",
    404: "Look the id up in its list first; /api/v1/docs/ has every route.",
    405: "Use one of the methods in the header Allow.",
    406: "Send `Accept: application/json`.",
    409: "GET /api/v1/demo/ shows the state; ask again when it allows this.",
    413: "Send it in smaller batches.",
    415: "Send `Content-Type: application/json`.",
    422: "Send what you sent first, or choose a new key.",
    429: "Wait for as many seconds as the header Retry-After says.",
    500: "Try again; if it stays, give an operator the time and the header X-Request-ID.",
    503: "Nothing was stored; send the same again in some seconds.",
}


class Conflict(exceptions.APIException):
    """The thing asked for is not possible in the present state."""

    status_code = status.HTTP_409_CONFLICT
    default_detail = "Not possible in the present state."


class Missing(exceptions.NotFound):
    """What is missing is no row with an id, so that `hint` says where to look."""

    def __init__(self, detail: str, hint: str) -> None:
        super().__init__(detail)
        self.hint = hint


class TooLarge(exceptions.APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_detail = "The request is too large."


class KeyTaken(exceptions.APIException):
    """The idempotency key stands for another request."""

    status_code = status.HTTP_422_UNPROCESSABLE_ENTITY
    default_detail = "This Idempotency-Key was sent with another reply before."


class Unsigned(exceptions.APIException):
    """The signature is missing or wrong."""

    status_code = status.HTTP_401_UNAUTHORIZED
    default_detail = "The signature is not valid."
    hint = "Sign `{webhook-id}.{webhook-timestamp}.{body}`, byte for byte, with the profile's present secret."


class TookTooLong(exceptions.APIException):
    """The database has stopped a statement that took too long."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_detail = "It took too long and was stopped."
    hint = (
        "Ask for less: narrow a list or search by profile, posted_after and posted_before, a summary by from and to."
        " If it was not much, try again in some seconds."
    )
    wait = 5


class Busy(exceptions.APIException):
    """What takes long has to wait until something else that does has ended."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_detail = "Too much that takes long is asked for at once."
    hint = "Try again in some seconds, or ask for less at once."
    wait = 1


class NoSuchRoute(APIView):
    """Whatever is asked of an address of the API that does not exist."""

    schema = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        raise Missing("There is no such route.", "/api/v1/docs/ lists every route.")


class ProblemSerializer(serializers.Serializer):
    """An error (RFC 9457): `detail` says what is wrong, `hint` what to do, `errors` which field it is."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    hint = serializers.CharField()
    errors = serializers.DictField(required=False)


def problem(status_code: int, detail: str, **extra: Any) -> dict[str, Any]:
    """The members of a problem: `type`, `title`, `status`, `detail`, `hint` and what `extra` adds."""
    return {
        "type": "about:blank",
        "title": HTTPStatus(status_code).phrase,
        "status": status_code,
        "detail": detail,
        "hint": HINTS.get(status_code, HINTS[400]),
    } | extra


def server_failed(request: HttpRequest) -> HttpResponse:
    """Django's handler500: a problem under /api/, a page elsewhere; 503 while the database is away or refuses."""
    error = sys.exc_info()[1]
    if isinstance(error, LOST_CONNECTION):
        code, headers = 503, {"Retry-After": "5"}
        detail = (
            "The database does not answer."
            if is_connection_lost(error)
            else "The database is busy with something else."
        )
    else:
        code, headers, detail = 500, {}, "Something is wrong here."
    if not request.path.startswith(API):
        page = loader.get_template("error.html").render({"away": code == 503})
        return HttpResponse(page, status=code, headers=headers)
    return JsonResponse(problem(code, detail), status=code, headers=headers, content_type=MEDIA_TYPE)


def refused_page(error: exceptions.APIException) -> HttpResponse:
    """The page that says so, where a page asked for too much."""
    page = loader.get_template("error.html").render({"slow": True})
    return HttpResponse(page, status=error.status_code, headers=_headers(error))


def unreadable(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler400: what is wrong before any route is asked, such as a host that is not in ALLOWED_HOSTS."""
    if not request.path.startswith(API):
        return bad_request(request, exception)
    detail = "The request cannot be read, or its host is not served here."
    return JsonResponse(problem(400, detail), status=400, content_type=MEDIA_TYPE)


def problem_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """REST framework's exception handler: known errors become problems, unknown ones stay errors."""
    if is_cancelled(error):
        error = TookTooLong()
    elif isinstance(error, RequestDataTooBig):
        error = TooLarge()
    elif isinstance(error, SuspiciousOperation):
        error = exceptions.ParseError("The request has too many fields or files.")
    elif isinstance(error, Http404):
        error = exceptions.NotFound("There is no such thing, or it is not yours.")
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    if not isinstance(error, exceptions.APIException):
        return None
    if isinstance(error, TookTooLong) and context["request"].method not in SAFE_METHODS:
        error.hint = HINTS[503]
    set_rollback()
    members = problem(error.status_code, _sentence(error.detail))
    if hasattr(error, "hint"):
        members["hint"] = error.hint
    if isinstance(error.detail, dict):
        members["errors"] = error.detail
    context["request"].accepted_renderer = JSONRenderer()  # where the route speaks YAML too
    context["request"].accepted_media_type = MEDIA_TYPE
    response = Response(members, status=error.status_code, content_type=MEDIA_TYPE)
    for header, value in _headers(error).items():
        response[header] = value
    return response


def _sentence(detail: Any) -> str:
    """One sentence for people out of REST framework's nested details."""
    if isinstance(detail, dict):
        parts = [f"{name}: {_sentence(value)}" for name, value in detail.items()]
        return " ".join(parts)
    if isinstance(detail, list):
        return " ".join(_sentence(value) for value in detail)
    return str(detail)


def _headers(error: exceptions.APIException) -> dict[str, str]:
    headers = {}
    if getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = error.auth_header
    if getattr(error, "wait", None):
        headers["Retry-After"] = str(ceil(error.wait))
    return headers
