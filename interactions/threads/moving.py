"""Moves rows to the threads they belong to, when a parent arrived after its replies, changed, or was purged."""

from collections.abc import Iterable
from datetime import datetime

from django.db import connection

from interactions.merging import Key
from interactions.threads.placing import place
from interactions.threads.recomputing import recompute
from interactions.threads.rows import StoredRow, rows_below, set_threads


def move_rows(ids: Iterable[int], now: datetime) -> None:
    """Give the rows, and all comments below them, the threads that their parents say; compute both threads anew.

    A thread that loses all its rows leaves its decisions, notes and labels to the thread of its newest row. The caller
    holds the profiles' locks and has linked the rows to their parents.
    """
    rows = rows_below(ids)
    if not rows:
        return
    placement = place([row.unplaced for row in rows], now)
    set_threads(rows, placement.thread_ids)
    left = _threads_left(rows, placement.thread_ids)
    for old, new in _emptied(left).items():
        _merge(old, new, is_new=new in placement.new_threads)
    recompute({*left, *placement.thread_ids.values()}, now)


def _threads_left(rows: list[StoredRow], thread_ids: dict[Key, int]) -> dict[int, int]:
    """For each thread that rows left, the thread that the newest of them has now."""
    newest = sorted(rows, key=lambda row: row.unplaced.facts.position)
    return {
        row.thread_id: thread_ids[row.unplaced.key]
        for row in newest
        if row.thread_id is not None and row.thread_id != thread_ids[row.unplaced.key]
    }


def _emptied(left: dict[int, int]) -> dict[int, int]:
    """Those of the threads that have no rows any more."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT thread.id FROM unnest(%s::bigint[]) AS thread (id)"
            " WHERE NOT EXISTS (SELECT FROM interactions_interaction row WHERE row.thread_id = thread.id)",
            [list(left)],
        )
        return {id: left[id] for (id,) in cursor}


def _merge(old: int, new: int, *, is_new: bool) -> None:
    """Move decisions, notes and labels; the later decision holds. What was unread stays so, unless `new` is new."""
    with connection.cursor() as cursor:
        for table in ("interactions_decision", "interactions_note"):
            cursor.execute(f"UPDATE {table} SET thread_id = %s WHERE thread_id = %s", [new, old])
        cursor.execute(
            "UPDATE interactions_thread kept SET (decided_at, decision, decided_until, covers_at, covers_ref) ="
            " (SELECT decided_at, decision, decided_until, covers_at, covers_ref FROM interactions_thread"
            " WHERE id IN (kept.id, gone.id) ORDER BY decided_at DESC NULLS LAST, id LIMIT 1),"
            " read_at = CASE WHEN %s OR NOT (kept.unread OR gone.unread) THEN greatest(kept.read_at, gone.read_at)"
            " WHEN kept.read_at IS NOT NULL AND gone.read_at IS NOT NULL THEN least(kept.read_at, gone.read_at) END,"
            " label_ids = ARRAY(SELECT DISTINCT unnest(kept.label_ids || gone.label_ids) ORDER BY 1)"
            " FROM interactions_thread gone WHERE kept.id = %s AND gone.id = %s",
            [is_new, new, old],
        )
