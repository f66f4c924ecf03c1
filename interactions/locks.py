"""One writer at a time per profile, for as long as a transaction lasts."""

from collections.abc import Iterable

from django.db import OperationalError, connection, transaction

from interactions.db_errors import is_connection_lost

# The upper bits of the advisory key, so that other users of advisory locks do not meet ours.
NAMESPACE = 0x5045 << 48
PATIENCE = "1s"


def lock_profiles(profile_ids: Iterable[int]) -> None:
    """Hold the profiles until the transaction ends; always in ascending order, so that no two callers deadlock."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(key) FROM unnest(%s::bigint[]) AS key", [_keys(profile_ids)]
        )


def lock_free_profiles(profile_ids: Iterable[int]) -> set[int]:
    """Hold them likewise, but for those that somebody else does not let go of within PATIENCE; return the ones held."""
    wanted = set(profile_ids)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT current_setting('lock_timeout'), set_config('lock_timeout', %s, true)", [PATIENCE]
            )
            before = cursor.fetchone()[0]
            lock_profiles(wanted)
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
        return {row[0] for row in cursor}


def _keys(profile_ids: Iterable[int]) -> list[int]:
    return [NAMESPACE | profile_id for profile_id in sorted(set(profile_ids))]
