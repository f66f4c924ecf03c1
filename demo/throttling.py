"""Limits on what costs much, for each demo rather than for each caller: a back end may serve many users."""

from typing import NamedTuple

from accounts.models import User
from accounts.throttling import Throttle
from demo.exceptions import InvalidState


class PerDemo(Throttle):
    def identity(self, request, view) -> tuple[object, ...]:
        return (view.subject.pk,)


class EnableThrottle(PerDemo):
    scope = "enable"


class GenerateThrottle(PerDemo):
    scope = "generate"


class ScenarioThrottle(PerDemo):
    scope = "scenario"


class AdvanceThrottle(PerDemo):
    scope = "advance"


class ResetThrottle(PerDemo):
    scope = "reset"


class SwitchThrottle(PerDemo):
    """Disabling, pausing, resuming and changing settings."""

    scope = "switch"


class Click(NamedTuple):
    """A button of a page, as the limits see whatever asks them."""

    subject: User


def count_click(user: User, limit: type[PerDemo]) -> None:
    """Count a click as a request of the API; InvalidState when there were too many within a minute."""
    if not limit().allow_request(None, Click(user)):
        raise InvalidState("That was asked for too often within a minute; try again in a moment.")
