"""Limits on what costs much, for each demo rather than for each caller: a back end may serve many users."""

from accounts.throttling import Throttle


class PerDemo(Throttle):
    def who(self, request, view) -> tuple[object, ...]:
        return (view.subject.pk,)


class EnableThrottle(PerDemo):
    scope = "enable"


class GenerateThrottle(PerDemo):
    scope = "generate"


class ScenarioThrottle(PerDemo):
    scope = "scenario"
