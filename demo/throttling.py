"""Rate limits of the expensive requests of demo mode, counted per demo. The API and the dashboard use them.

They do not count per caller, as one back end may make the requests of many users.
"""

from django.utils.translation import gettext as _

from accounts.models import User
from accounts.throttling import Throttle
from demo.exceptions import InvalidState


class DemoThrottle(Throttle):
    """Counts requests about the demo of `user`; the API's throttles have none, and count by the view's `subject`."""

    def __init__(self, user: User | None = None) -> None:
        super().__init__()
        self.user = user

    def identity(self, request, view) -> tuple[object, ...]:
        return ((self.user or view.subject).pk,)


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


def count_click(user: User, limit: type[DemoThrottle]) -> None:
    """Count a click like a request of the API. Raises InvalidState when there were too many within a minute."""
    if not limit(user).allow_request(request=None, view=None):
        raise InvalidState(_("Too many requests within a minute; try again in a moment."))
