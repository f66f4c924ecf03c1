"""How the OpenAPI schema describes the errors that any route may answer with."""

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import Direction
from rest_framework.permissions import AllowAny

from interactions.problems import MEDIA_TYPE, ProblemSerializer

WITH_A_BODY = ("POST", "PATCH", "PUT")


class Schema(AutoSchema):
    """The schema of one route: its answers, and a problem for each way in which a request can be wrong."""

    def _get_response_bodies(self, direction: Direction = "response") -> dict:
        answers = super()._get_response_bodies(direction)
        for code in sorted(self._problem_codes()):
            problem = self._get_response_for_code(ProblemSerializer, str(code), [MEDIA_TYPE], direction)
            answers.setdefault(str(code), problem)
        return answers

    def _problem_codes(self) -> set[int]:
        codes = {400, 406, *getattr(self.view, "problem_codes", ())}
        if not any(isinstance(permission, AllowAny) for permission in self.view.get_permissions()):
            codes |= {401, 403}
        if "{" in self.path:
            codes.add(404)
        if self.method in WITH_A_BODY:
            codes |= {413, 415}
        if self.view.throttle_classes:
            codes.add(429)
        return codes
