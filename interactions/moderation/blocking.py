"""Blocks authors and hides what they wrote before. Called by the API, and by the task `hide_blocked_authors` for what is left.

The index of rows by author has no deleted ones, which may be restored. So the comments of the profile are read along the index
of its newest rows, in batches, each in a transaction of its own; where a batch ended is stored with the block.
"""

import time
from datetime import datetime, timedelta

from django.db import transaction

from accounts.models import Profile
from interactions.cursors import Cursor
from interactions.locks import lock_profiles
from interactions.models import MAX_BLOCKED, BlockedAuthor, Interaction, Moderation
from interactions.moderation.requests import request
from interactions.threads.hiding import set_hidden

ROWS_PER_TRANSACTION = 2_000
MAX_REQUEST_TIME = timedelta(seconds=1)  # of hiding within a request; a task does what is left


class TooManyBlockedAuthors(Exception):
    """The profile has MAX_BLOCKED."""


def block(profile: Profile, author_id: str, name: str, now: datetime) -> tuple[BlockedAuthor, bool]:
    """Block the author; return the row, and whether it is new. From then on the ingest hides what they write.

    Call `hide_stored` after the commit. Raises TooManyBlockedAuthors, or Profile.DoesNotExist if it was deleted.
    """
    with transaction.atomic():
        lock_profiles([profile.pk])  # so that no comment arrives meanwhile
        profile = Profile.objects.only("is_demo").get(pk=profile.pk)
        blocked = BlockedAuthor.objects.filter(profile=profile)
        if existing := blocked.filter(author_id=author_id).first():
            return existing, False
        if blocked.count() >= MAX_BLOCKED:
            raise TooManyBlockedAuthors
        row = BlockedAuthor(profile=profile, is_demo=profile.is_demo, author_id=author_id, name=name)
        row.created_at = now
        row.save(force_insert=True)
    return row, True


def block_and_hide(profile: Profile, author_id: str, name: str, now: datetime) -> tuple[BlockedAuthor, bool]:
    """Block the author as `block` does, and hide what a request has time for; return the row as it is then."""
    row, is_new = block(profile, author_id, name, now)
    if is_new:
        hide_stored(row.pk, now)
        row = BlockedAuthor.objects.select_related("profile").filter(pk=row.pk).first() or row
    return row, is_new


def hide_blocked(now: datetime, time_limit: timedelta) -> int:
    """Hide what blocked authors wrote before, until nothing is left or the time is over; return how many comments."""
    deadline = time.monotonic() + time_limit.total_seconds()
    hidden = 0
    while time.monotonic() < deadline:
        id = BlockedAuthor.objects.filter(is_hiding=True).order_by("id").values_list("pk", flat=True).first()
        if id is None:
            break
        hidden += hide_stored(id, now, timedelta(seconds=max(0, deadline - time.monotonic())))
    return hidden


def hide_stored(id: int, now: datetime, time_limit: timedelta = MAX_REQUEST_TIME) -> int:
    """Hide the stored comments of a blocked author, at least one batch; return how many. Safe to run twice and in parallel."""
    deadline = time.monotonic() + time_limit.total_seconds()
    hidden, is_hiding = _hide_batch(id, now)
    while is_hiding and time.monotonic() < deadline:
        more, is_hiding = _hide_batch(id, now)
        hidden += more
    return hidden


def _hide_batch(id: int, now: datetime) -> tuple[int, bool]:
    """Hide the author's comments among the next rows; return how many, and whether rows are left."""
    with transaction.atomic():
        profile_id = BlockedAuthor.objects.filter(pk=id).values_list("profile", flat=True).first()
        lock_profiles([profile_id] if profile_id else [])
        block = BlockedAuthor.objects.filter(pk=id, is_hiding=True).first()
        if block is None:  # unblocked, or finished by another process
            return 0, False
        rows = _next_rows(block)
        mine = [row for row in rows if row.author_id == block.author_id and not row.hidden_at]
        if mine:
            set_hidden([row.pk for row in mine], True, now)
        if not block.is_demo:
            not_deleted = [row.pk for row in mine if not row.deleted_at]  # by the network
            request(dict.fromkeys(not_deleted, block.profile_id), Moderation.Action.HIDE, now)
        block.is_hiding = len(rows) == ROWS_PER_TRANSACTION
        if rows:
            block.hidden_to_id, block.hidden_to_at = rows[-1].pk, rows[-1].posted_at
        block.save(update_fields=["is_hiding", "hidden_to_at", "hidden_to_id"])
        return len(mine), block.is_hiding


def _next_rows(block: BlockedAuthor) -> list[Interaction]:
    """The profile's next comments, newest first. Deleted ones too, as they may be restored."""
    rows = Interaction.objects.filter(profile=block.profile_id, type=Interaction.Type.COMMENT)
    if block.hidden_to_at is not None:
        rows = rows.filter(Cursor(block.hidden_to_id, block.hidden_to_at).condition("posted_at"))
    columns = rows.only("posted_at", "author_id", "hidden_at", "deleted_at")
    return list(columns.order_by("-posted_at", "-id")[:ROWS_PER_TRANSACTION])
