"""Rate limits of the expensive requests of demo mode, counted per demo. The API and the dashboard use them.

They do not count per caller, as one back end may make the requests of many users.
"""

from typing import NamedTuple

from accounts.models import User
from accounts.throttling import Throttle
from demo.exceptions import InvalidState


class DemoThrottle(Throttle):
    def identity(self, request, view) -> tuple[object, ...]:
        return (view.subject.pk,)


class EnableThrottle(DemoThrottle):
    scope = "enable"


class GenerateThrottle(DemoThrottle):
    scope = "generate"


class ScenarioThrottle(DemoThrottle):
    scope = "scenario"


class AdvanceThrottle(DemoThrottle):
    scope = "advance"


class ResetThrottle(DemoThrottle):
    scope = "reset"


class SwitchThrottle(DemoThrottle):
    """Disabling, pausing, resuming and changing settings."""

    scope = "switch"


class Click(NamedTuple):
    """Stands in for the API view whose `subject` the throttles read, when a button of a page is clicked."""

    subject: User


def count_click(user: User, limit: type[DemoThrottle]) -> None:
    """Count a click like a request of the API. Raises InvalidState when there were too many within a minute."""
    if not limit().allow_request(None, Click(user)):
        raise InvalidState("Too many requests within a minute; try again in a moment.")
