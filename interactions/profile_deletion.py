"""Deletes profiles with everything that belongs to them. Called by the settings, a task, and the removal of demos and users.

A profile without an owner is one that its owner has deleted. Every list reads the rows of an owner's profiles, so one
UPDATE makes the profile and all its rows disappear at once; the task `delete_profiles` deletes the rows in batches.
"""

import itertools
import time
from collections.abc import Callable
from datetime import timedelta

from django.db import connection, transaction

from accounts.models import Profile, User
from interactions.dispatch import send
from interactions.inbox_versions import renew_owner_after_commit
from interactions.locks import lock_profiles
from interactions.models import (
    BlockedAuthor,
    Content,
    DeadLetter,
    Decision,
    InboxRule,
    Interaction,
    Label,
    Moderation,
    Note,
    PendingChange,
    Thread,
)
from interactions.row_batches import delete_in_batches, do_nothing

RECEIVED_MODELS = (Interaction, Content, PendingChange, DeadLetter)
# Every table with rows of a profile, in the order in which they are deleted.
PROFILE_MODELS = (
    *(Moderation, Interaction, Decision, Note, Thread, Label, BlockedAuthor),
    *(Content, PendingChange, DeadLetter),
)
TASK = "interactions.tasks.delete_profiles"


class _TimeOver(Exception):
    """The rest is left for the next run."""


def delete_profile(owner: User, profile_id: int) -> None:
    """Take the live profile from its owner, with its inbox rules, and ask a worker to delete its rows.

    Raises Profile.DoesNotExist when the owner has no live profile with that id.
    """
    with transaction.atomic():
        live = Profile.objects.owned_by(owner).filter(pk=profile_id, is_demo=False)
        if not live.update(owner=None):
            raise Profile.DoesNotExist
        renew_owner_after_commit(owner.pk)
        InboxRule.objects.filter(owner=owner, profile=profile_id).delete()
        transaction.on_commit(request_deletion)


def request_deletion() -> None:
    """Ask a worker to delete the rows of profiles without an owner."""
    send(TASK, dedup_key="delete profiles")


def delete_without_owner(time_limit: timedelta) -> bool:
    """Delete profiles without an owner until none is left or the time is over, at least a batch; return whether more is left.

    It may be interrupted, repeated and run in parallel.
    """
    deadline = time.monotonic() + time_limit.total_seconds()
    batches = itertools.count()

    def begin_batch() -> None:
        if next(batches) and time.monotonic() >= deadline:
            raise _TimeOver

    ids = Profile.objects.filter(owner=None).order_by("pk").values_list("pk", flat=True)
    try:
        while (id := ids.first()) is not None:
            _delete(id, begin_batch)
    except _TimeOver:
        return True
    return False


def _delete(id: int, before_batch: Callable[[], object]) -> None:
    """Delete the rows of the profile in batches, then the profile with the rows that have been added meanwhile."""
    delete_profile_rows([id], before_batch)
    before_batch()
    with transaction.atomic():
        lock_profiles([id])
        delete_profile_rows([id])
        delete_profiles([id])


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
