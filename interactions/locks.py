"""One writer at a time per profile, for as long as a transaction lasts."""

from collections.abc import Iterable

from django.db import connection

# The upper bits of the advisory key, so that other users of advisory locks do not meet ours.
NAMESPACE = 0x5045 << 48


def lock_profiles(profile_ids: Iterable[int]) -> None:
    """Hold the profiles until the transaction ends; always in ascending order, so that no two callers deadlock."""
    keys = [NAMESPACE | profile_id for profile_id in sorted(set(profile_ids))]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(key) FROM unnest(%s::bigint[]) AS key", [keys])
