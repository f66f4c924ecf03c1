"""Brings rows into threads that a process of the release before stored or changed. Called after `migrate`, and by the sweep.

The trigger of migration 0008 stores the threads of rows that such a process changed or deleted. It also wrote the column
`status`, which became a decision here: done and archived of the newest received row.
"""

import sys
import time
from datetime import datetime, timedelta
from typing import Any

from django.apps.registry import Apps
from django.core.exceptions import FieldDoesNotExist
from django.db import connection, transaction

from accounts.plurals import pluralize
from interactions.clock import now
from interactions.locks import lock_profiles
from interactions.models import Interaction
from interactions.threads.moving import move_rows
from interactions.threads.recomputing import recompute, recompute_or_delete, refresh_states

ROWS_PER_TRANSACTION = 1_000
STALE = "interactions_stalethread"


def adopt_after_migrate(*, apps: Apps, verbosity: int = 1, **_: Any) -> None:
    """Adopt all rows, after a `migrate` that has connected rows with threads; receives Django's signal."""
    try:
        apps.get_model("interactions", "Interaction")._meta.get_field("thread")
    except (LookupError, FieldDoesNotExist):
        return
    adopted = adopt_rows(now())
    if adopted and verbosity:
        sys.stdout.write(f"  Placed {pluralize(adopted, 'row')} in threads.\n")


def adopt_rows(at: datetime, time_limit: timedelta | None = None) -> int:
    """Place all rows that have no thread, and recompute stale threads, in small transactions; return how many of both.

    May run in several processes and be interrupted. With a time limit it starts no batch after it.
    """
    deadline = time.monotonic() + time_limit.total_seconds() if time_limit else None
    adopted, last = 0, (0, 0)
    while _is_before(deadline) and (rows := _rows_without_thread(last)):
        _adopt_batch(rows, at)
        adopted, last = adopted + len(rows), rows[-1]
    while _is_before(deadline) and (refreshed := _refresh_batch(at)):
        adopted += refreshed
    return adopted


def _is_before(deadline: float | None) -> bool:
    return deadline is None or time.monotonic() < deadline


def _rows_without_thread(last: tuple[int, int]) -> list[tuple[int, int]]:
    """Profile and id of the next rows after `last`. From there, as the index keeps the entries of placed rows for a while."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT profile_id, id FROM interactions_interaction WHERE thread_id IS NULL"
            " AND (profile_id, id) > (%s, %s) ORDER BY profile_id, id LIMIT %s",
            [*last, ROWS_PER_TRANSACTION],
        )
        return cursor.fetchall()


def _adopt_batch(rows: list[tuple[int, int]], at: datetime) -> None:
    with transaction.atomic():
        lock_profiles({profile for profile, _ in rows})
        ids = Interaction.objects.filter(pk__in=[id for _, id in rows], thread=None)
        chosen = list(ids.values_list("pk", flat=True))
        _link_to_parents(chosen)
        move_rows(chosen, at)
        _decide_as_before(set(Interaction.objects.filter(pk__in=chosen).values_list("thread", flat=True)), at)


def _link_to_parents(rows: list[int]) -> None:
    """Link the rows to parents that arrived after them: the ingest looks for replies by their threads, which these lack."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE interactions_interaction row SET parent_id = parent.id FROM interactions_interaction parent"
            " WHERE row.id = ANY(%s) AND row.parent_id IS NULL AND row.parent_ref <> ''"
            " AND parent.profile_id = row.profile_id AND parent.platform_id = row.parent_ref",
            [rows],
        )


def _refresh_batch(at: datetime) -> int:
    """Recompute threads whose rows a process of the release before changed or deleted; return how many."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT stale.thread_id, thread.profile_id FROM {STALE} stale"
            f" LEFT JOIN interactions_thread thread ON thread.id = stale.thread_id LIMIT {ROWS_PER_TRANSACTION}"
        )
        found = cursor.fetchall()
    if not found:
        return 0
    threads = [thread for thread, _ in found]
    with transaction.atomic(), connection.cursor() as cursor:
        lock_profiles({profile for _, profile in found if profile is not None})
        cursor.execute(f"DELETE FROM {STALE} WHERE thread_id = ANY(%s)", [threads])
        move_rows(Interaction.objects.filter(thread__in=threads).values_list("pk", flat=True), at)
        recompute_or_delete(threads, at)
        cursor.execute(
            "UPDATE interactions_thread thread SET content_id = (SELECT content.id FROM interactions_content content"
            " WHERE content.profile_id = thread.profile_id AND content.platform_id = thread.content_ref)"
            " WHERE thread.id = ANY(%s)",
            [threads],
        )
        _decide_as_before(set(threads), at)
    return len(found)


def _decide_as_before(thread_ids: set[int], at: datetime) -> None:
    """Turn the old status of each thread's newest received row into a decision that covers it, and hide hidden comments."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE interactions_interaction SET hidden_at = %s, visibility_at = %s WHERE thread_id = ANY(%s)"
            " AND status = 'hidden' AND type = 'comment' AND visibility_at IS NULL RETURNING thread_id",
            [at, at, list(thread_ids)],
        )
        changed = {thread for (thread,) in cursor}
        if changed:
            recompute(changed, at)
        cursor.execute(
            "UPDATE interactions_thread thread SET decided_at = %s, decision = row.status,"
            " covers_at = row.posted_at, covers_ref = row.platform_id, read_at = %s"
            " FROM interactions_interaction row WHERE thread.id = ANY(%s) AND thread.decided_at IS NULL"
            " AND row.profile_id = thread.profile_id AND row.platform_id = thread.last_in_ref"
            " AND row.status IN ('done', 'archived') RETURNING thread.id",
            [at, at, list(thread_ids)],
        )
        decided = {thread for (thread,) in cursor}
    if decided:
        refresh_states(decided, at)
