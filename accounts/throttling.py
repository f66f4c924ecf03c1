"""Limits on what strangers and users may try: at most so many within any minute, counted in Redis.

While Redis is away nobody is locked out. Called by REST framework, and by the pages for what they share with the API.
"""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from hashlib import blake2b
from threading import BoundedSemaphore

from django.conf import settings
from rest_framework.exceptions import Throttled
from rest_framework.settings import api_settings
from rest_framework.throttling import SimpleRateThrottle

from accounts.client_address import client_address
from accounts.concurrency import place
from accounts.models import User
from accounts.rate_counters import Limit, new_entry, take, take_back

MAX_NAME_LENGTH = User._meta.get_field("username").max_length
KEY = "perennial:throttle:{scope}:{ident}"
# Passwords that are looked at at once, so that threads are left for others.
_hashing = BoundedSemaphore(max(1, settings.WEB_THREADS // 2))


class Throttle(SimpleRateThrottle):
    """A rate of DEFAULT_THROTTLE_RATES; a subclass says by `who` requests are counted together.

    REST framework's own keeps a list in Django's cache, with a read and a write that let many requests at once through.
    """

    def who(self, request, view) -> tuple[object, ...]:
        """What the request is counted under."""
        raise NotImplementedError

    def limit(self, request, view=None) -> Limit:
        ident = blake2b(repr(self.who(request, view)).encode("utf-8", "replace"), digest_size=16)
        key = KEY.format(scope=self.scope, ident=ident.hexdigest())
        return Limit(key, self.num_requests, self.duration)

    def allow_request(self, request, view) -> bool:
        self.seconds = take([self.limit(request, view)], new_entry())
        return not self.seconds

    def wait(self) -> float:
        """Seconds until there is room again."""
        return self.seconds


class FailureThrottle(Throttle):
    """Lets requests through until too many of them have failed; who notices a failure calls `count`."""

    def allow_request(self, request, view) -> bool:
        self.seconds = take([self.limit(request, view)])
        return not self.seconds

    def count(self, request, view=None) -> None:
        """Remember that this request failed."""
        take([self.limit(request, view)], new_entry())


def address(request) -> str:
    """The client's address, in one spelling."""
    peer, forwarded_for = request.META.get("REMOTE_ADDR") or "", request.META.get("HTTP_X_FORWARDED_FOR", "")
    return client_address(peer, forwarded_for, api_settings.NUM_PROXIES or 0)


def counted_name(name: object) -> str:
    """A user name however it is spelled: at least all that the log-in takes for the same are one.

    It is cut before it is normalized, which takes time by the square of its length: a longer name is nobody's.
    """
    return User.normalize_username(str(name).strip()[: MAX_NAME_LENGTH + 1]).strip().casefold()


def name_in(data: object) -> str:
    """The user name in the body of a request, JSON or form; the one that the log-in reads, or nothing where that is no text."""
    named = data.get("username") if hasattr(data, "get") else None
    return named if isinstance(named, str) else ""


class TokenRequests(Throttle):
    """Tokens for one name from one address, with the right password too."""

    scope = "token"

    def who(self, request, view) -> tuple[object, ...]:
        return address(request), counted_name(name_in(request.data))


class LogInFailures(Throttle):
    """Wrong passwords for one name from one address."""

    scope = "log_in_failures"

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def who(self, request, view) -> tuple[object, ...]:
        return address(request), counted_name(self.name)


class AddressFailures(Throttle):
    """Wrong passwords for any name from one address."""

    scope = "address_failures"

    def who(self, request, view) -> tuple[object, ...]:
        return (address(request),)


@dataclass(frozen=True)
class Attempt:
    """A password that is about to be looked at, counted as wrong under these limits until it is forgiven."""

    limits: tuple[Limit, ...]
    entry: str

    def forgive(self) -> None:
        """The password was right."""
        take_back(self.limits, self.entry)


class Busy(Throttled):
    """As many passwords as may be are being looked at."""

    default_detail = "Many people are logging in just now."

    def __init__(self) -> None:
        super().__init__(wait=1)


def place_to_hash() -> AbstractContextManager[None]:
    """A place to look at a password, which takes a processor a good part of a second; raises Busy when all are taken."""
    return place(_hashing, Busy)


def begin_log_in(request, name: str) -> Attempt:
    """Count an attempt at the password of `name`; raise Throttled when too many were wrong of late.

    It is counted as wrong before it is looked at, so that many at once do not all get in before the first has failed.
    """
    limits = LogInFailures(name).limit(request), AddressFailures().limit(request)
    attempt = Attempt(limits, new_entry())
    if seconds := take(limits, attempt.entry):
        raise Throttled(seconds)
    return attempt
