"""Rate limits for log-ins and API calls, and a limit on simultaneous password checks.

Called by REST framework, and by pages for the limits that they share with the API. Rates are settings
(DEFAULT_THROTTLE_RATES), counts are in Redis; while Redis is unavailable nobody is throttled.
"""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from hashlib import blake2b
from threading import BoundedSemaphore

from django.conf import settings
from django.http import HttpRequest
from rest_framework.exceptions import Throttled
from rest_framework.settings import api_settings
from rest_framework.throttling import SimpleRateThrottle

from accounts.client_address import client_address
from accounts.concurrency import slot
from accounts.models import MAX_USERNAME_LENGTH, User
from accounts.rate_counters import Limit, hit, new_entry, undo_hit

KEY = "perennial:throttle:{scope}:{ident}"
# Simultaneous password checks in one process; the other threads remain for other requests.
_password_checks = BoundedSemaphore(max(1, settings.WEB_THREADS // 2))


class Throttle(SimpleRateThrottle):
    """A rate of DEFAULT_THROTTLE_RATES; `identity` says which requests are counted together.

    REST framework's own throttle reads and writes a list in Django's cache, so that simultaneous requests pass uncounted.
    """

    def identity(self, request, view) -> tuple[object, ...]:
        """Return what the request is counted under."""
        raise NotImplementedError

    def limit(self, request, view=None) -> Limit:
        identity = repr(self.identity(request, view)).encode("utf-8", "replace")
        ident = blake2b(identity, digest_size=16).hexdigest()
        return Limit(KEY.format(scope=self.scope, ident=ident), self.num_requests, self.duration)

    def allow_request(self, request, view) -> bool:
        self.seconds = hit([self.limit(request, view)], new_entry())
        return not self.seconds

    def wait(self) -> float:
        """Return the seconds until the next request is allowed."""
        return self.seconds


class FailureThrottle(Throttle):
    """Allows requests until too many have failed; the view reports each failure by `count_failure`."""

    def allow_request(self, request, view) -> bool:
        self.seconds = hit([self.limit(request, view)])
        return not self.seconds

    def count_failure(self, request, view=None) -> None:
        """Count this request as failed."""
        hit([self.limit(request, view)], new_entry())


def request_address(request: HttpRequest) -> str:
    """Return the client's address, in one spelling."""
    peer, forwarded_for = request.META.get("REMOTE_ADDR") or "", request.META.get("HTTP_X_FORWARDED_FOR", "")
    return client_address(peer, forwarded_for, api_settings.NUM_PROXIES or 0)


def normalized_username(name: object) -> str:
    """Return one form for every spelling that the log-in may accept as the same user name.

    The name is cut first, as normalizing takes time quadratic in its length; no user has a longer name.
    """
    return User.normalize_username(str(name).strip()[: MAX_USERNAME_LENGTH + 1]).strip().casefold()


def submitted_username(data: object) -> str:
    """Return the user name in the body of a log-in request, JSON or form; "" when there is none or it is no text."""
    username = data.get("username") if hasattr(data, "get") else None
    return username if isinstance(username, str) else ""


class TokenRequests(Throttle):
    """Token requests for one user name from one address, right passwords included."""

    scope = "token"

    def identity(self, request, view) -> tuple[object, ...]:
        return request_address(request), normalized_username(submitted_username(request.data))


class LogInFailures(Throttle):
    """Wrong passwords for one user name from one address."""

    scope = "log_in_failures"

    def __init__(self, username: str) -> None:
        super().__init__()
        self.username = username

    def identity(self, request, view) -> tuple[object, ...]:
        return request_address(request), normalized_username(self.username)


class AddressFailures(Throttle):
    """Wrong passwords for any user name from one address."""

    scope = "address_failures"

    def identity(self, request, view) -> tuple[object, ...]:
        return (request_address(request),)


@dataclass(frozen=True)
class LogInAttempt:
    """A password check in progress; it counts as a failure until `succeeded` is called."""

    limits: tuple[Limit, ...]
    entry: str

    def succeeded(self) -> None:
        """Remove the attempt from the counted failures: the password was right."""
        undo_hit(self.limits, self.entry)


class TooManyLogIns(Throttled):
    """All slots for password checks are in use."""

    default_detail = "Many people are logging in just now."

    def __init__(self) -> None:
        super().__init__(wait=1)


def password_check_slot() -> AbstractContextManager[None]:
    """Hold a slot for a password check, which takes a good part of a second of CPU time; raises TooManyLogIns."""
    return slot(_password_checks, TooManyLogIns)


def count_login_attempt(request: HttpRequest, username: str) -> LogInAttempt:
    """Count an attempt for `username` as failed; raises Throttled when too many recent attempts failed.

    It is counted before the password is checked, so that simultaneous attempts cannot all pass before the first fails.
    """
    limits = LogInFailures(username).limit(request), AddressFailures().limit(request)
    attempt = LogInAttempt(limits, new_entry())
    if seconds := hit(limits, attempt.entry):
        raise Throttled(seconds)
    return attempt
