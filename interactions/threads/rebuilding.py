"""Compares all threads with their rows, and corrects those that differ. Called by the command `rebuild_threads`."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from interactions.locks import lock_profiles
from interactions.models import Interaction, Thread
from interactions.threads.adoption import adopt_rows
from interactions.threads.moving import move_rows
from interactions.threads.recomputing import recompute_or_delete, refresh_states

THREADS_PER_TRANSACTION = 1_000


@dataclass(frozen=True)
class RebuildResult:
    """How many threads there are, how many of them differed from their rows, and how many rows had no thread before."""

    threads: int = 0
    differed: int = 0
    adopted: int = 0


def rebuild(now: datetime, *, dry_run: bool = False) -> RebuildResult:
    """Compute every thread from its rows in small transactions, and correct those that differ.

    Before that it places the rows that have no thread, and ends the snoozes that are over. A dry run changes nothing.
    """
    adopted = Interaction.objects.filter(thread=None).count() if dry_run else adopt_rows(now)
    threads = differed = 0
    for ids in _batches():
        threads += len(ids)
        differed += _rebuild_batch(ids, now, dry_run)
    return RebuildResult(threads, differed, adopted)


def _batches() -> Iterator[list[int]]:
    """The ids of all threads, in ascending order; threads that arrive meanwhile are included."""
    last = 0
    while ids := list(
        Thread.objects.filter(pk__gt=last)
        .order_by("pk")
        .values_list("pk", flat=True)[:THREADS_PER_TRANSACTION]
    ):
        yield ids
        last = ids[-1]


def _rebuild_batch(ids: list[int], now: datetime, dry_run: bool) -> int:
    """Rebuild the threads; return how many differed, or lost or gained rows."""
    threads = Thread.objects.filter(pk__in=ids)
    with transaction.atomic():
        lock_profiles(threads.values_list("profile", flat=True))
        refresh_states(threads.filter(snoozed_until__lte=now).values_list("pk", flat=True), now)
        rows = list(Interaction.objects.filter(thread__in=ids).values_list("pk", flat=True))
        before, members_before = _columns(ids), _members(rows)
        move_rows(rows, now)
        recompute_or_delete(set(ids) - set(members_before.values()), now)  # those without rows
        after, members_after = _columns(ids), _members(rows)
        transaction.set_rollback(dry_run)
    changed = {id for id in ids if before.get(id) != after.get(id)}
    lost = {thread for row, thread in members_before.items() if members_after[row] != thread}
    return len(changed | lost)


def _columns(ids: list[int]) -> dict[int, dict[str, Any]]:
    return {row["id"]: row for row in Thread.objects.filter(pk__in=ids).values()}


def _members(rows: list[int]) -> dict[int, int | None]:
    return dict(Interaction.objects.filter(pk__in=rows).values_list("pk", "thread"))
