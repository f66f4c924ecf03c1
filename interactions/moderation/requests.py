"""Hides, unhides and deletes rows for people, and stores what is to be asked of the network.

Called by the API and the pages, inside a transaction that holds the profile's lock. A demo has no network: its rows are changed at once.
Of a live row the inbox shows a hide or unhide at once, and a deletion as pending; the network is asked after WITHDRAWAL.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from interactions.locks import lock_profiles
from interactions.models import Interaction, Moderation
from interactions.threads.hiding import set_hidden
from interactions.threads.recomputing import recompute

Action = Moderation.Action
_OPPOSITE: Mapping[str, str] = {Action.HIDE: Action.UNHIDE, Action.UNHIDE: Action.HIDE}


class DeletionRequested(Exception):
    """The row is being deleted, so it can be neither hidden nor unhidden."""


class NotPossible(Exception):
    """Networks cannot do that with such a row; the message is a sentence."""


class AlreadyQueued(Exception):
    """The time in which the request could be withdrawn is over."""


def change_locked(
    rows: QuerySet[Interaction], id: int, change: Callable[[Interaction, datetime], None], now: datetime
) -> None:
    """Call `change` with the row of `rows` under its profile's lock; raises Interaction.DoesNotExist, and what it raises."""
    with transaction.atomic():
        lock_profiles([rows.values_list("profile", flat=True).get(pk=id)])
        change(rows.get(pk=id), now)


def hide(row: Interaction, now: datetime) -> None:
    """Hide a comment; raises NotPossible for a message, and DeletionRequested."""
    _check_is_comment(row, _("A direct message cannot be hidden; archive its thread."))
    change_hidden(row, True, now)


def unhide(row: Interaction, now: datetime) -> None:
    """Show a hidden comment again; raises NotPossible for a message, and DeletionRequested."""
    _check_is_comment(row, _("A direct message cannot be hidden or unhidden."))
    change_hidden(row, False, now)


def change_hidden(row: Interaction, hidden: bool, now: datetime) -> None:
    """Hide or unhide a comment. Does nothing if it is so already; raises DeletionRequested."""
    current = Moderation.objects.filter(interaction=row.pk).first()
    if current and current.action == Action.DELETE:
        raise DeletionRequested
    if set_hidden([row.pk], hidden, now) and not row.is_demo:
        request({row.pk: row.profile_id}, Action.HIDE if hidden else Action.UNHIDE, now)


def delete(row: Interaction, now: datetime) -> None:
    """Delete a demo's row, or ask for the deletion of a live one. Does nothing if that was done before, or with its thread.

    Raises NotPossible for a message of somebody else.
    """
    if row.direction == Interaction.Direction.IN:
        _check_is_comment(
            row, _("A message that somebody else sent cannot be deleted on networks; archive its thread.")
        )
    if row.thread and row.thread.is_deleted:
        return
    if not row.is_demo:
        request({row.pk: row.profile_id}, Action.DELETE, now)
    elif row.deleted_at is None:
        # A deletion before the creation would be none.
        Interaction.objects.filter(pk=row.pk).update(deleted_at=max(now, row.posted_at), updated_at=now)
        recompute([row.thread_id] if row.thread_id else [], now)


def end_deletions(ids: Sequence[int]) -> None:
    """Delete the requests to delete these rows, which their network has deleted."""
    if ids:
        Moderation.objects.filter(interaction__in=ids, action=Action.DELETE).delete()


def withdraw(row: Interaction, now: datetime, action: str | None = None) -> None:
    """Withdraw the latest request about the row, and undo it in the inbox; raises AlreadyQueued when it is too late.

    Does nothing when there is no request, or when the latest one is not the `action`.
    """
    current = Moderation.objects.filter(interaction=row.pk).first()
    if current is None or action not in (None, current.action):
        return
    if current.status(now) == Moderation.Status.QUEUED:
        raise AlreadyQueued
    if current.action in _OPPOSITE:
        set_hidden([row.pk], current.action == Action.UNHIDE, now)
    _store({row.pk: _before(current)})


def request(rows: Mapping[int, int], action: str, now: datetime) -> None:
    """Store what is to be asked of the network about live rows, which are given with their profiles' ids.

    The opposite of a request that can still be withdrawn withdraws it. Rows that are to be deleted stay so.
    """
    if not rows:
        return
    stored = Moderation.objects.in_bulk(list(rows), field_name="interaction_id")
    changes: dict[int, Moderation | None] = {}
    for id, profile_id in rows.items():
        current = stored.get(id)
        if current is None:
            changes[id] = Moderation(
                profile_id=profile_id, is_demo=False, interaction_id=id, action=action, requested_at=now
            )
        elif current.action not in (action, Action.DELETE):
            changes[id] = _after(current, action, now)
    _store(changes)


def _check_is_comment(row: Interaction, sentence: str) -> None:
    if row.type != Interaction.Type.COMMENT:
        raise NotPossible(sentence)


def _after(current: Moderation, action: str, now: datetime) -> Moderation | None:
    """The request that holds when `action` follows the current one."""
    is_waiting = current.status(now) == Moderation.Status.WAITING
    if is_waiting and action == _OPPOSITE.get(current.action):
        return _before(current)
    current.replaced_action, current.replaced_at = current.action, current.requested_at
    current.action, current.requested_at = action, now
    return current


def _before(current: Moderation) -> Moderation | None:
    """The request that holds when the current one is withdrawn."""
    if current.replaced_at is None:
        return None
    current.action, current.requested_at = current.replaced_action, current.replaced_at
    current.replaced_action, current.replaced_at = "", None
    return current


def _store(changes: Mapping[int, Moderation | None]) -> None:
    """Write the requests by the ids of their rows; None deletes."""
    if gone := [id for id, change in changes.items() if change is None]:
        Moderation.objects.filter(interaction__in=gone).delete()
    Moderation.objects.bulk_create(
        [change for change in changes.values() if change is not None],
        update_conflicts=True,
        unique_fields=["interaction"],
        update_fields=["action", "requested_at", "replaced_action", "replaced_at"],
    )
