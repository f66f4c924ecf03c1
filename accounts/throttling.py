"""Limits on what strangers and users may try, kept in the cache; while the cache is away nobody is held up."""

import logging
from hashlib import blake2b

from redis.exceptions import RedisError
from rest_framework.exceptions import Throttled
from rest_framework.throttling import SimpleRateThrottle

from accounts.models import User

logger = logging.getLogger(__name__)


class Throttle(SimpleRateThrottle):
    """REST framework's throttle; a subclass says by `who` the requests of one rate are counted together."""

    def who(self, request, view) -> tuple[object, ...]:
        """What the request is counted under."""
        raise NotImplementedError

    def get_cache_key(self, request, view) -> str:
        ident = blake2b(repr(self.who(request, view)).encode("utf-8", "replace"), digest_size=16)
        return self.cache_format % {"scope": self.scope, "ident": ident.hexdigest()}

    def allow_request(self, request, view) -> bool:
        try:
            return super().allow_request(request, view)
        except (RedisError, OSError) as error:
            logger.warning("Requests are not throttled, the cache does not answer: %s", type(error).__name__)
            return True


class FailureThrottle(Throttle):
    """Lets requests through until too many of them have failed; who notices a failure calls `count`."""

    counting = False

    def throttle_success(self) -> bool:
        return super().throttle_success() if self.counting else True

    def count(self, request, view=None) -> None:
        """Remember one failure of this request."""
        self.counting = True
        self.allow_request(request, view)


class PerNameAndAddress(Throttle):
    """Log-ins with one name from one address."""

    def who(self, request, view) -> tuple[object, ...]:
        return self.get_ident(request), user_name(request)


def user_name(request) -> str:
    """The user name that a log-in names, as JSON or as a form; however it is spelled, it is counted as one."""
    data = getattr(request, "data", None) or request.POST
    given = str(data.get("username", "")) if hasattr(data, "get") else ""
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


def check_log_in(request) -> None:
    """Raise Throttled when too many log-ins like this one have failed of late."""
    for limit in [kind() for kind in LOG_IN_LIMITS]:
        if not limit.allow_request(request, None):
            raise Throttled(limit.wait())


def count_failed_log_in(request) -> None:
    for kind in LOG_IN_LIMITS:
        kind().count(request)
