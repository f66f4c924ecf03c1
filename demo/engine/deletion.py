"""Deleting what hangs on profiles, and the profiles themselves."""

from collections.abc import Callable

from django.db import connection
from django.db.models import QuerySet

from accounts.models import Profile
from demo.engine.bulk import delete_in_batches, nothing
from interactions.locks import lock_profiles
from interactions.models import Content, DeadLetter, Interaction, PendingChange

DERIVED = (Interaction, Content, PendingChange, DeadLetter)


def delete_the_rest(story: QuerySet, profiles: list[int], **only: object) -> int:
    """Delete, in the caller's transaction, what came while the bulk went; nothing more arrives until it ends.

    The story goes before the profiles are locked, in the order in which a delivery locks both.
    """
    delete_in_batches(story)
    lock_profiles(profiles)
    return delete_arrived(profiles, **only)


def delete_arrived(profiles: list[int], each_batch: Callable[[], object] = nothing, **only: object) -> int:
    """Delete what has arrived for the profiles; return how many rows."""
    own = [model.objects.filter(profile__in=profiles, **only) for model in DERIVED]
    return sum(delete_in_batches(rows, profiles, each_batch) for rows in own)


def delete_profiles(ids: list[int]) -> None:
    """In one statement, without collecting what hangs on them: it is gone."""
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {Profile._meta.db_table} WHERE id = ANY(%s)", [ids])
