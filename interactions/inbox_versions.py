"""Says whether an inbox may have changed, without a query: pages that poll ask it before they read rows.

Each profile has a version in Redis. `locks.py` renews it after every transaction that has locked the profile, as each
writer of inbox rows does. A version that could not be written makes pages stale for MAX_STALE_SECONDS at most.
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
    """What a transaction does after its commit: it gives the profiles new versions."""

    def __init__(self, profile_ids: set[int]) -> None:
        self.profile_ids = profile_ids

    def __call__(self) -> None:
        profile_ids, self.profile_ids = sorted(self.profile_ids), set()
        # Random, not counted up, so that a version never returns after Redis was emptied.
        version = secrets.token_bytes(VERSION_BYTES)
        try:
            send([("SET", _key(profile_id), version, "EX", KEPT_SECONDS) for profile_id in profile_ids])
        except FAILURES as error:
            logger.debug("Versions of the inboxes of %d profiles not renewed: %s", len(profile_ids), error)


def renew_after_commit(profile_ids: Iterable[int]) -> None:
    """Give the profiles new versions when the transaction has committed, and nothing when it is rolled back.

    However often a transaction calls this, it makes one exchange with Redis.
    """
    ids = set(profile_ids)
    if pending := _pending():
        pending.profile_ids |= ids
    elif ids:
        transaction.on_commit(_Renewal(ids))


def version_of(profile_ids: Iterable[int]) -> str | None:
    """Return a text that changes whenever rows of these profiles may have changed, or None: unknown.

    Call it before the rows are read: what changes in between then shows at the next call. It also changes each
    MAX_STALE_SECONDS, for changes without locks: the words of the search, names of profiles, the age of rows. It is
    unknown while Redis fails, and in a transaction that has locked profiles itself.
    """
    if _pending():
        return None
    ids = sorted(set(profile_ids))
    try:
        versions = _read(ids) if ids else []
    except FAILURES as error:
        logger.debug("Versions of the inboxes of %d profiles not read: %s", len(ids), error)
        return None
    period = int(time() / MAX_STALE_SECONDS)
    return hashlib.sha256(repr((period, ids, versions)).encode()).hexdigest()


def _pending() -> _Renewal | None:
    """The renewal that the present transaction has registered, if any.

    It may belong to an earlier savepoint. If that is rolled back, so is everything that was locked within it.
    """
    callbacks = (callback for _, callback, _ in connection.run_on_commit)
    return next((one for one in callbacks if isinstance(one, _Renewal) and one.profile_ids), None)


def _read(profile_ids: Sequence[int]) -> list[bytes | None]:
    """The versions in the order of the ids; None where a profile has not changed for KEPT_SECONDS."""
    with guarded_client() as client:
        return client.mget([_key(profile_id) for profile_id in profile_ids])


def _key(profile_id: int) -> str:
    return f"inbox-version:{profile_id}"
