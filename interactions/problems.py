"""Errors of the API as RFC 9457 problem details."""

from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView, set_rollback

MEDIA_TYPE = "application/problem+json"


class Conflict(exceptions.APIException):
    """The thing asked for is not possible in the present state."""

    status_code = status.HTTP_409_CONFLICT
    default_detail = "Not possible in the present state."


class TooLarge(exceptions.APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_detail = "The request is too large."


class Unsigned(exceptions.APIException):
    """The signature is missing or wrong."""

    status_code = status.HTTP_401_UNAUTHORIZED
    default_detail = "The signature is not valid."


@extend_schema(exclude=True)
class NoSuchRoute(APIView):
    """Whatever is asked of an address of the API that does not exist."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        raise exceptions.NotFound("There is no such route; /api/v1/docs/ lists them.")


def problem(status_code: int, detail: str, **extra: Any) -> Response:
    """Return a problem-details response: `type`, `title`, `status`, `detail` and what `extra` adds."""
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status_code).phrase,
        "status": status_code,
        "detail": detail,
    }
    return Response(body | extra, status=status_code, content_type=MEDIA_TYPE)


def problem_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """REST framework's exception handler: known errors become problems, unknown ones stay errors."""
    if isinstance(error, Http404):
        error = exceptions.NotFound("There is no such thing, or it is not yours.")
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    if not isinstance(error, exceptions.APIException):
        return None
    set_rollback()
    response = problem(error.status_code, _sentence(error.detail))
    if isinstance(error.detail, dict):
        response.data["errors"] = error.detail
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
        headers["Retry-After"] = str(int(error.wait))
    return headers
