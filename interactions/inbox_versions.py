"""Says whether an inbox may have changed, without a query: pages that poll ask it before they read rows.

Each profile has a version in Redis. `locks.py` renews it after every transaction that has locked the profile, as each
writer of inbox rows does. Each user has one too, which is renewed when the user gets or loses a profile. A version that
could not be written makes pages stale for MAX_STALE_SECONDS at most.
"""

import hashlib
import logging
import secrets
from collections.abc import Iterable, Sequence
from datetime import timedelta
from time import time

from django.db import connection, transaction

from accounts.redis_client import FAILURES, guarded_client, send

logger = logging.getLogger(__name__)

KEPT_SECONDS = int(timedelta(days=7).total_seconds())  # since the last change
MAX_STALE_SECONDS = 300
VERSION_BYTES = 8


class _Renewal:
    """What a transaction does after its commit: it gives keys new versions."""

    def __init__(self, keys: set[str]) -> None:
        self.keys = keys

    def __call__(self) -> None:
        keys, self.keys = sorted(self.keys), set()
        # Random, not counted up, so that a version never returns after Redis was emptied.
        version = secrets.token_bytes(VERSION_BYTES)
        try:
            send([("SET", key, version, "EX", KEPT_SECONDS) for key in keys])
        except FAILURES as error:
            logger.debug("%d versions of inboxes not renewed: %s", len(keys), error)


def renew_after_commit(profile_ids: Iterable[int]) -> None:
    """Give the profiles new versions when the transaction has committed, and nothing when it is rolled back.

    However often a transaction calls this, it makes one exchange with Redis.
    """
    _renew({_key(profile_id) for profile_id in profile_ids})


def renew_owner_after_commit(owner_id: int) -> None:
    """Do the same when the user gets or loses profiles, or when one gets another name."""
    _renew({_owner_key(owner_id)})


def _renew(keys: set[str]) -> None:
    if pending := _pending():
        pending.keys |= keys
    elif keys:
        transaction.on_commit(_Renewal(keys))


def version_of(profile_ids: Iterable[int], owner_id: int | None = None) -> str | None:
    """Return a text that changes whenever rows of these profiles may have changed, or None: unknown.

    With `owner_id` it also changes when that user gets or loses a profile.

    Call it before the rows are read: what changes in between then shows at the next call. It also changes each
    MAX_STALE_SECONDS, for changes without locks: the words of the search, the age of rows. It is unknown
    while Redis fails, and in a transaction that has locked profiles itself.
    """
    if _pending():
        return None
    keys = [_key(profile_id) for profile_id in sorted(set(profile_ids))]
    if owner_id is not None:
        keys.append(_owner_key(owner_id))
    try:
        versions = _read(keys) if keys else []
    except FAILURES as error:
        logger.debug("%d versions of inboxes not read: %s", len(keys), error)
        return None
    period = int(time() / MAX_STALE_SECONDS)
    return hashlib.sha256(repr((period, keys, versions)).encode()).hexdigest()


def _pending() -> _Renewal | None:
    """The renewal that the present transaction has registered, if any.

    It may belong to an earlier savepoint. If that is rolled back, so is everything that was locked within it.
    """
    callbacks = (callback for _, callback, _ in connection.run_on_commit)
    return next((one for one in callbacks if isinstance(one, _Renewal) and one.keys), None)


def _read(keys: Sequence[str]) -> list[bytes | None]:
    """The versions in the order of the keys; None where nothing has changed for KEPT_SECONDS."""
    with guarded_client() as client:
        return client.mget(keys)


def _key(profile_id: int) -> str:
    return f"inbox-version:{profile_id}"


def _owner_key(owner_id: int) -> str:
    return f"inbox-version:owner:{owner_id}"
