"""The time zone in which a user's pages show times, and the check of a zone that a user chooses.

`ActivateTimeZone` is a middleware of `config/settings.py`; columns of users and of demos have `validate_time_zone`.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.zone_names import time_zones

ZONE_COOKIE = "zone"  # the browser's zone; `time-zone.js` sets it
UTC_PATHS = ("/api/", "/admin/")  # the API and the admin show all times in UTC


class ActivateTimeZone:
    """Middleware that shows the times of pages in the user's time zone, else the browser's, else UTC.

    It comes after the middleware of the log, which reads the user too, and so costs no query.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with _zone_of(request):
            return self._get_response(request)


def _zone_of(request: HttpRequest) -> AbstractContextManager[None]:
    if request.path_info.startswith(UTC_PATHS):
        return nullcontext()
    name = shown_zone(getattr(request.user, "time_zone", ""), request)
    return timezone.override(ZoneInfo(name)) if name else nullcontext()


def shown_zone(chosen: str, request: HttpRequest) -> str:
    """The time zone in which pages show times to a user who has `chosen` a zone or none (""); "" for UTC."""
    wanted = (chosen, request.COOKIES.get(ZONE_COOKIE, ""))
    return next((name for name in wanted if name and name in time_zones()), "")


def start_of(day: date) -> datetime:
    """The start of the day in the time zone in which pages show times."""
    return datetime.combine(day, time(), timezone.get_current_timezone())


def similar_time_zone(name: str) -> str:
    """The time zone that equals `name` when case is ignored, or the text "a name such as Europe/Berlin"."""
    similar = (zone for zone in time_zones() if zone.casefold() == name.casefold())
    return next(similar, _("a name such as Europe/Berlin"))


def validate_time_zone(name: str) -> None:
    """Raise ValidationError unless `name` is an IANA time zone; the message suggests one."""
    if name not in time_zones():
        sentence = _("%(name)s is not an IANA time zone; use %(suggestion)s.")
        raise ValidationError(sentence % {"name": name, "suggestion": similar_time_zone(name)})
