"""Advisory locks that let one transaction at a time write to a profile's rows.

Every writer of inbox rows and threads takes them, and its commit renews the versions of the profiles' inboxes.
"""

from collections.abc import Iterable, Mapping
from itertools import chain

from django.db import OperationalError, connection, transaction

from interactions.db_errors import is_connection_lost
from interactions.inbox_versions import renew_after_commit

PROFILE_LOCKS = 0x5045 << 48  # upper bits of the lock keys; each kind of advisory lock has its own
MAX_LOCK_WAIT = "1s"
_SET = "set_config(%s, %s, true), "


def lock_profiles(profile_ids: Iterable[int], options: Mapping[str, str] | None = None) -> None:
    """Lock the profiles until the transaction ends; in ascending order, so that no two callers deadlock.

    `options` are settings of PostgreSQL for the transaction. The same statement sets them before it locks, as a batch of
    changes takes only a few milliseconds.
    """
    settings = options or {}
    ids = set(profile_ids)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {_SET * len(settings)}pg_advisory_xact_lock(key) FROM unnest(%s::bigint[]) AS key",
            [*chain.from_iterable(settings.items()), _keys(ids)],
        )
    renew_after_commit(ids)


def try_lock_profiles(profile_ids: Iterable[int]) -> set[int]:
    """Lock the profiles, or those that are free after MAX_LOCK_WAIT; return the locked ones."""
    wanted = set(profile_ids)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('lock_timeout')")
            [before] = cursor.fetchone()
            lock_profiles(wanted, {"lock_timeout": MAX_LOCK_WAIT})
            cursor.execute("SELECT set_config('lock_timeout', %s, true)", [before])
            return wanted
    except OperationalError as error:
        if is_connection_lost(error):
            raise
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT key & %s FROM unnest(%s::bigint[]) AS key WHERE pg_try_advisory_xact_lock(key)",
            [(1 << 48) - 1, _keys(wanted)],
        )
        locked = {profile_id for (profile_id,) in cursor}
    renew_after_commit(locked)
    return locked


def _keys(profile_ids: Iterable[int]) -> list[int]:
    return [PROFILE_LOCKS | profile_id for profile_id in sorted(profile_ids)]
