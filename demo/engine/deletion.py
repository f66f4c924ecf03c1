"""Deletes what is left of a demo or a user in one transaction. Called by removal, and by enabling, which removes a failed attempt."""

from django.db.models import QuerySet

from interactions.locks import lock_profiles
from interactions.profile_deletion import delete_profile_rows
from interactions.row_batches import delete_in_batches


def delete_remaining_rows(story: QuerySet, profiles: list[int], **filters: object) -> int:
    """Delete `story` and the rows of `profiles` in the caller's transaction; return how many received rows.

    Call it last: it deletes the rows that were added during the batches before it, and keeps the profiles locked until
    the transaction ends. The story is deleted before the profiles are locked, the order in which delivery locks them.
    """
    delete_in_batches(story)
    lock_profiles(profiles)
    return delete_profile_rows(profiles, **filters)
