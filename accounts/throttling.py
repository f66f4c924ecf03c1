"""Limits on what strangers and users may try, kept in the cache; while the cache is away nobody is held up."""

import logging
from hashlib import blake2b

from redis.exceptions import RedisError
from rest_framework.exceptions import Throttled
from rest_framework.throttling import SimpleRateThrottle

from accounts.models import User

logger = logging.getLogger(__name__)


class Throttle(SimpleRateThrottle):
    """So many requests within a minute of the first; a subclass says by `who` they are counted together.

    REST framework's own reads and writes a list; counting in one step stands many requests at once.
    """

    def who(self, request, view) -> tuple[object, ...]:
        """What the request is counted under."""
        raise NotImplementedError

    def get_cache_key(self, request, view) -> str:
        ident = blake2b(repr(self.who(request, view)).encode("utf-8", "replace"), digest_size=16)
        return self.cache_format % {"scope": self.scope, "ident": ident.hexdigest()}

    def allow_request(self, request, view) -> bool:
        try:
            return self._allows(request, view)
        except (RedisError, OSError) as error:
            logger.warning("Requests are not throttled, the cache does not answer: %s", type(error).__name__)
            return True

    def _allows(self, request, view) -> bool:
        return self._add(request, view, 1) <= self.num_requests

    def _add(self, request, view, number: int) -> int:
        """Add to the count of this minute, and return it."""
        self.key = self.get_cache_key(request, view)
        if self.cache.add(self.key, 0, self.duration):
            self.cache.set(f"{self.key}:until", self.timer() + self.duration, self.duration)
        try:
            return self.cache.incr(self.key, number)
        except ValueError:  # its minute has just ended
            return number

    def wait(self) -> float:
        """Seconds until the count begins anew."""
        return max(1.0, self.cache.get(f"{self.key}:until", 0.0) - self.timer())


class FailureThrottle(Throttle):
    """Lets requests through until too many of them have failed; who notices a failure calls `count`."""

    def _allows(self, request, view) -> bool:
        self.key = self.get_cache_key(request, view)
        return self.cache.get(self.key, 0) < self.num_requests

    def count(self, request, view=None, number: int = 1) -> bool:
        """Remember failures of this request, or with -1 forgive one; whether there are not too many by now."""
        try:
            return self._add(request, view, number) <= self.num_requests
        except (RedisError, OSError):
            return True


class PerNameAndAddress(Throttle):
    """Log-ins with one name from one address."""

    def who(self, request, view) -> tuple[object, ...]:
        return self.get_ident(request), user_name(request)


def user_name(request) -> str:
    """The user name that a log-in names, as JSON or as a form; however it is spelled, it is counted as one."""
    data = getattr(request, "data", None) or request.POST
    named = data.get("username") if hasattr(data, "get") else None
    given = request.user.get_username() if named is None else str(named)
    return User.normalize_username(given).strip().casefold()


class LogInFailures(PerNameAndAddress, FailureThrottle):
    """Wrong passwords for one name from one address."""

    scope = "log_in_failures"


class AddressFailures(FailureThrottle):
    """Wrong passwords for any name from one address."""

    scope = "address_failures"

    def who(self, request, view) -> tuple[object, ...]:
        return (self.get_ident(request),)


class TokenRequests(PerNameAndAddress):
    """Tokens for one name from one address, with the right password too."""

    scope = "token"


LOG_IN_LIMITS = (LogInFailures, AddressFailures)


def begin_log_in(request) -> None:
    """Raise Throttled when too many passwords were wrong of late.

    This one is counted as wrong before it is looked at, so that many at once do not all get in before the first has
    failed; `forgive_log_in` takes that back.
    """
    for limit in [kind() for kind in LOG_IN_LIMITS]:
        if not limit.count(request):
            raise Throttled(limit.wait())


def forgive_log_in(request) -> None:
    """The password was right."""
    for kind in LOG_IN_LIMITS:
        kind().count(request, number=-1)
