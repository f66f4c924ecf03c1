"""The API's errors as RFC 9457 problem details, and the pages' error pages.

Called by Django's handlers (config/urls.py), REST framework's exception handler and the API's views.
"""

import sys
from http import HTTPStatus
from math import ceil
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.template import loader
from django.views import defaults
from rest_framework import exceptions, serializers, status
from rest_framework.permissions import SAFE_METHODS
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.views import APIView, set_rollback

from interactions.db_errors import DATABASE_UNAVAILABLE, is_cancelled, is_connection_lost

MEDIA_TYPE = "application/problem+json"
API = "/api/"
# What to do, by status; an error's own `hint` wins.
HINTS = {
    400: "Correct what `detail` names and send it again; /api/v1/docs/ describes every field.",
    401: "Send `Authorization: Token …`; POST /api/v1/auth/token/ gives a token for user name and password.",
    403: "Authenticate as a user who may do this; a browser's session also needs the header X-CSRFToken.",
    404: "Find the id in its list first; /api/v1/docs/ lists every route.",
    405: "Use one of the methods in the header Allow.",
    406: "Send `Accept: application/json`.",
    409: "GET /api/v1/demo/ shows the state; try again when the state allows this.",
    413: "Send it in smaller batches.",
    415: "Send `Content-Type: application/json`.",
    422: "Send the same request as before with this key, or choose a new key.",
    429: "Wait for the number of seconds in the header Retry-After.",
    500: "Try again; if it fails again, give an operator the time and the header X-Request-ID.",
    503: "Nothing was stored; send the same request again in a few seconds.",
}


class Conflict(exceptions.APIException):
    """The request is not possible in the present state."""

    status_code = status.HTTP_409_CONFLICT
    default_detail = "Not possible in the present state."


class NotFoundWithHint(exceptions.NotFound):
    """Something other than a row with an id was not found; `hint` says what to do."""

    def __init__(self, detail: str, hint: str) -> None:
        super().__init__(detail)
        self.hint = hint


class TooLarge(exceptions.APIException):
    """The request body is too large."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_detail = "The request is too large."


class IdempotencyKeyReused(exceptions.APIException):
    """The idempotency key was used for another request."""

    status_code = status.HTTP_422_UNPROCESSABLE_ENTITY
    default_detail = "This Idempotency-Key was used with another reply before."


class InvalidSignature(exceptions.APIException):
    """The signature is missing or wrong."""

    status_code = status.HTTP_401_UNAUTHORIZED
    default_detail = "The signature is not valid."
    hint = "Sign `{webhook-id}.{webhook-timestamp}.{body}`, byte for byte, with the profile's current secret."


class StatementTimeout(exceptions.APIException):
    """The database cancelled a statement that took too long."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_detail = "The request took too long and was stopped."
    hint = (
        "Ask for less: narrow a list or search by profile and times (`posted_after`, `active_after`), and a summary by from and to."
        " If it was little, try again in a few seconds."
    )
    wait = 5


class TooManyLongReads(exceptions.APIException):
    """All slots for long reads are in use."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_detail = "Too many long reads are running at once."
    hint = "Try again in a few seconds, or ask for less."
    wait = 1


class TooManyExports(exceptions.APIException):
    """All slots for exports of this process are in use."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_detail = "Too many exports are running at once."
    hint = "Try again in a few seconds."
    wait = 5


class NeedsNewerHTTP(exceptions.APIException):
    """By HTTP/1.0 a client cannot notice that a response of unknown length was cut off."""

    status_code = status.HTTP_505_HTTP_VERSION_NOT_SUPPORTED
    default_detail = "An export needs HTTP/1.1, in which an incomplete file can be noticed."
    hint = "Send the request by HTTP/1.1; an nginx in front needs `proxy_http_version 1.1`."


class UnknownRouteView(APIView):
    """Answers every request to a path under /api/ that is no route."""

    schema = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        raise NotFoundWithHint("There is no such route.", "/api/v1/docs/ lists every route.")


class ProblemSerializer(serializers.Serializer):
    """An error (RFC 9457): `detail` says what is wrong, `hint` what to do, `errors` names the fields."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    hint = serializers.CharField()
    errors = serializers.DictField(required=False)


CONFLICT = {(409, MEDIA_TYPE): ProblemSerializer}  # a response, for `extend_schema`


def problem(status_code: int, detail: str, **extra: Any) -> dict[str, Any]:
    """Return the members of a problem: `type`, `title`, `status`, `detail`, `hint` and those in `extra`."""
    return {
        "type": "about:blank",
        "title": HTTPStatus(status_code).phrase,
        "status": status_code,
        "detail": detail,
        "hint": HINTS.get(status_code, HINTS[400]),
    } | extra


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler500: a problem under /api/, a page elsewhere; 503 when the database is unavailable or busy."""
    error = sys.exc_info()[1]
    if isinstance(error, DATABASE_UNAVAILABLE):
        code, headers = 503, {"Retry-After": "5"}
        detail = "The database does not answer." if is_connection_lost(error) else "The database is busy."
    else:
        code, headers, detail = 500, {}, "The server has an error."
    if not request.path.startswith(API):
        page = loader.get_template("error.html").render({"unavailable": code == 503})
        return HttpResponse(page, status=code, headers=headers)
    return JsonResponse(problem(code, detail), status=code, headers=headers, content_type=MEDIA_TYPE)


def error_page(error: exceptions.APIException) -> HttpResponse:
    """Return the page for a request that took too long or exceeded a limit."""
    page = loader.get_template("error.html").render({"slow": True})
    return HttpResponse(page, status=error.status_code, headers=headers_of(error))


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler400: requests that no route has seen, such as those for a host that is not in ALLOWED_HOSTS."""
    if not request.path.startswith(API):
        return defaults.bad_request(request, exception)
    detail = "The request cannot be read, or its host is not served here."
    return JsonResponse(problem(400, detail), status=400, content_type=MEDIA_TYPE)


def problem_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """REST framework's exception handler: turns known errors into problems, returns None for unknown ones (500)."""
    if is_cancelled(error):
        error = StatementTimeout()
    elif isinstance(error, RequestDataTooBig):
        error = TooLarge()
    elif isinstance(error, SuspiciousOperation):
        error = exceptions.ParseError("The request has too many fields or files.")
    elif isinstance(error, Http404):
        error = exceptions.NotFound("It does not exist, or it belongs to another user.")
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    if not isinstance(error, exceptions.APIException):
        return None
    if isinstance(error, StatementTimeout) and context["request"].method not in SAFE_METHODS:
        error.hint = HINTS[503]
    set_rollback()
    members = problem(error.status_code, _sentence(error.detail))
    if hasattr(error, "hint"):
        members["hint"] = error.hint
    if isinstance(error.detail, dict):
        members["errors"] = error.detail
    members |= getattr(error, "members", {})
    context["request"].accepted_renderer = JSONRenderer()  # also on routes that can answer in YAML
    context["request"].accepted_media_type = MEDIA_TYPE
    response = Response(members, status=error.status_code, content_type=MEDIA_TYPE)
    for header, value in headers_of(error).items():
        response[header] = value
    return response


def _sentence(detail: Any) -> str:
    """Join REST framework's nested error details to one text."""
    if isinstance(detail, dict):
        names = {name: "" if name == api_settings.NON_FIELD_ERRORS_KEY else f"{name}: " for name in detail}
        return " ".join(f"{names[name]}{_sentence(value)}" for name, value in detail.items())
    if isinstance(detail, list):
        return " ".join(_sentence(value) for value in detail)
    return str(detail)


def headers_of(error: exceptions.APIException) -> dict[str, str]:
    """Return the headers of a response with the error, such as Retry-After."""
    headers = {}
    if getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = error.auth_header
    if getattr(error, "wait", None):
        headers["Retry-After"] = str(ceil(error.wait))
    return headers
