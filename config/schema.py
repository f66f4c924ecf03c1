"""The schema class of all API views: adds to the OpenAPI document the errors and headers that every route may return.

Named in the settings as DEFAULT_SCHEMA_CLASS.
"""

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import Direction
from rest_framework.permissions import AllowAny

from interactions.problems import MEDIA_TYPE, ProblemSerializer

JSON = "application/json"
METHODS_WITH_BODY = ("POST", "PATCH", "PUT", "DELETE")
RETRYABLE = ("429", "503")  # responses with Retry-After
REQUEST_ID = {
    "schema": {"type": "string"},
    "description": "The id of the request's log lines.",
}
RETRY_AFTER = {
    "schema": {"type": "integer", "minimum": 0},
    "description": "Seconds to wait before the request is sent again.",
}
WWW_AUTHENTICATE = {"schema": {"type": "string"}, "description": "How to authenticate."}


class Schema(AutoSchema):
    """The schema of one route: its responses, and a problem response for each error status that it may return."""

    def map_parsers(self) -> list[str]:
        """JSON only. Forms are parsed too, so that a POST without a body works, but clients should not send them."""
        return [JSON]

    def _get_response_bodies(self, direction: Direction = "response") -> dict:
        responses = super()._get_response_bodies(direction)
        for code in sorted(self._problem_codes()):
            problem = self._get_response_for_code(ProblemSerializer, str(code), [MEDIA_TYPE], direction)
            responses.setdefault(str(code), problem)
        return responses

    def _get_response_headers_for_code(self, status_code: str, direction: Direction = "response") -> dict:
        headers = super()._get_response_headers_for_code(status_code, direction) | {
            "X-Request-ID": REQUEST_ID
        }
        if status_code in RETRYABLE:
            headers["Retry-After"] = RETRY_AFTER
        if status_code == "401":
            headers["WWW-Authenticate"] = WWW_AUTHENTICATE
        return headers

    def _problem_codes(self) -> set[int]:
        codes = {400, 406, 503, *getattr(self.view, "problem_codes", ())}
        if self.view.get_authenticators():
            codes.add(401)
        if not any(isinstance(permission, AllowAny) for permission in self.view.get_permissions()):
            codes |= {401, 403}
        if "{" in self.path:
            codes.add(404)
        if self.method == "GET":
            codes.add(414)  # the query may be too long
        if self.method in METHODS_WITH_BODY:
            codes |= {411, 413, 415}
        if self.view.throttle_classes or self._is_list_view():
            codes.add(429)
        return codes
