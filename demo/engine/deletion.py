"""Deletes profiles and the rows that belong to them. Called by removal and by enabling, which removes a failed attempt."""

from collections.abc import Callable

from django.db import connection
from django.db.models import QuerySet

from accounts.models import Profile
from demo.engine.bulk import delete_in_batches, do_nothing
from interactions.locks import lock_profiles
from interactions.models import (
    BlockedAuthor,
    Content,
    DeadLetter,
    Decision,
    Interaction,
    Label,
    Moderation,
    Note,
    PendingChange,
    Thread,
)

RECEIVED_MODELS = (Interaction, Content, PendingChange, DeadLetter)
# Every table with rows of a profile, in the order in which they are deleted.
PROFILE_MODELS = (
    *(Moderation, Interaction, Decision, Note, Thread, Label, BlockedAuthor),
    *(Content, PendingChange, DeadLetter),
)


def delete_remaining_rows(story: QuerySet, profiles: list[int], **filters: object) -> int:
    """Delete `story` and the rows of `profiles` in the caller's transaction; return how many received rows.

    Call it last: it deletes the rows that were added during the batches before it, and keeps the profiles locked until
    the transaction ends. The story is deleted before the profiles are locked, the order in which delivery locks them.
    """
    delete_in_batches(story)
    lock_profiles(profiles)
    return delete_profile_rows(profiles, **filters)


def delete_profile_rows(
    profiles: list[int], before_batch: Callable[[], object] = do_nothing, **filters: object
) -> int:
    """Delete the rows of PROFILE_MODELS that belong to `profiles` and match `filters`; return how many were received."""
    deleted = {
        model: delete_in_batches(
            model.objects.filter(profile__in=profiles, **filters), profiles, before_batch
        )
        for model in PROFILE_MODELS
    }
    return sum(deleted[model] for model in RECEIVED_MODELS)


def delete_profiles(ids: list[int]) -> None:
    """Delete the profiles in one statement, without Django's search for related rows: they are already deleted."""
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {Profile._meta.db_table} WHERE id = ANY(%s)", [ids])
