"""Moves stored rows to the threads they belong to: when a parent arrived late, changed or was purged, and rows without one."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import connection

from interactions.json_parameters import to_json
from interactions.threads.keys import Link, ThreadKey, thread_keys
from interactions.threads.recomputing import recompute_or_delete

IDS_PER_STATEMENT = 5_000


class _StoredRow(NamedTuple):
    """A stored row; `thread_id` is its thread before the move, or None."""

    id: int
    thread_id: int | None
    is_demo: bool
    link: Link


_BELOW = """
WITH RECURSIVE below (id) AS (
    SELECT unnest(%s::bigint[])
    UNION SELECT child.id FROM below JOIN interactions_interaction child ON child.parent_id = below.id
    WHERE child.type = 'comment'
)
SELECT row.id, row.thread_id, row.is_demo,
    row.profile_id, row.platform_id, row.type, row.parent_ref, row.conversation_id
FROM below JOIN interactions_interaction row USING (id) ORDER BY row.posted_at, row.platform_id COLLATE "C"
"""


def move_rows(ids: Iterable[int], now: datetime) -> None:
    """Give the rows, and all comments below them, the threads that their parents say; compute all these threads anew.

    A thread that loses all its rows leaves its decisions, notes and labels to the thread of its newest row. The caller
    holds the profiles' locks and has linked the rows to their parents. Loads the ids of the rows into memory.
    """
    with connection.cursor() as cursor:
        cursor.execute(_BELOW, [list(ids)])
        rows = [_StoredRow(id, thread, is_demo, Link(*link)) for id, thread, is_demo, *link in cursor]
    if not rows:
        return
    keys = thread_keys([row.link for row in rows])
    thread_ids, new = _get_or_insert({keys[row.link.key]: row.is_demo for row in rows})
    moves = [(row, thread_ids[keys[row.link.key]]) for row in rows]
    moves = [(row, thread) for row, thread in moves if row.thread_id != thread]
    _set_threads([(row.id, thread) for row, thread in moves])
    left = {row.thread_id: thread for row, thread in moves if row.thread_id is not None}
    for old in _without_rows(left):
        _merge(old, left[old], is_new=left[old] in new)
    recompute_or_delete({*left, *thread_ids.values()}, now)


def _get_or_insert(threads: dict[ThreadKey, bool]) -> tuple[dict[ThreadKey, int], set[int]]:
    """Return the ids of the threads, and which of them are new; the values are `is_demo`."""
    records = to_json([key._asdict() | {"is_demo": is_demo} for key, is_demo in threads.items()])
    named = (
        "json_to_recordset(%s::json) AS named (profile_id bigint, kind text, root_ref text, is_demo boolean)"
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO interactions_thread (profile_id, kind, root_ref, is_demo, content_ref, status, unread,"
            " last_ref, last_in_ref, decision, covers_ref, label_ids)"
            f" SELECT profile_id, kind, root_ref, is_demo, '', 'done', false, '', '', '', '', '{{}}' FROM {named}"
            " ON CONFLICT (profile_id, kind, root_ref) DO NOTHING RETURNING id",
            [records],
        )
        new = {id for (id,) in cursor}
        cursor.execute(
            "SELECT thread.profile_id, thread.kind, thread.root_ref, thread.id"
            f" FROM {named} JOIN interactions_thread thread USING (profile_id, kind, root_ref)",
            [records],
        )
        return {ThreadKey(*key): id for *key, id in cursor}, new


def _set_threads(moves: Sequence[tuple[int, int]]) -> None:
    """Store the threads of rows, pairs of ids."""
    with connection.cursor() as cursor:
        for start in range(0, len(moves), IDS_PER_STATEMENT):
            rows, threads = zip(*moves[start : start + IDS_PER_STATEMENT], strict=True)
            cursor.execute(
                "UPDATE interactions_interaction row SET thread_id = new.thread_id"
                " FROM unnest(%s::bigint[], %s::bigint[]) AS new (id, thread_id) WHERE row.id = new.id",
                [list(rows), list(threads)],
            )


def _without_rows(threads: Iterable[int]) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT thread.id FROM unnest(%s::bigint[]) AS thread (id)"
            " WHERE NOT EXISTS (SELECT FROM interactions_interaction row WHERE row.thread_id = thread.id)",
            [list(threads)],
        )
        return [id for (id,) in cursor]


def _merge(old: int, new: int, *, is_new: bool) -> None:
    """Move decisions, notes and labels; the later decision holds. What was unread stays so, unless `new` is new."""
    with connection.cursor() as cursor:
        for table in ("interactions_decision", "interactions_note"):
            cursor.execute(f"UPDATE {table} SET thread_id = %s WHERE thread_id = %s", [new, old])
        cursor.execute(
            "UPDATE interactions_thread kept SET (decided_at, decision, decided_until, covers_at, covers_ref) ="
            " (SELECT decided_at, decision, decided_until, covers_at, covers_ref FROM interactions_thread"
            " WHERE id IN (kept.id, gone.id) ORDER BY decided_at DESC NULLS LAST,"
            ' covers_at DESC NULLS LAST, covers_ref COLLATE "C" DESC, id LIMIT 1),'
            " read_at = CASE WHEN %s OR NOT (kept.unread OR gone.unread) THEN greatest(kept.read_at, gone.read_at)"
            " WHEN kept.read_at IS NOT NULL AND gone.read_at IS NOT NULL THEN least(kept.read_at, gone.read_at) END,"
            " label_ids = ARRAY(SELECT DISTINCT unnest(kept.label_ids || gone.label_ids) ORDER BY 1)"
            " FROM interactions_thread gone WHERE kept.id = %s AND gone.id = %s",
            [is_new, new, old],
        )
