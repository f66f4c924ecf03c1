"""Reads stored rows for `placing.py`, and writes the threads that it gives them."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from django.db import connection

from interactions.merging import Key
from interactions.threads.placing import UnplacedRow
from interactions.threads.state import Position, RowFacts

IDS_PER_STATEMENT = 5_000


class StoredRow(NamedTuple):
    """A stored row; `thread_id` is its thread before the change, or None."""

    id: int
    thread_id: int | None
    unplaced: UnplacedRow


_COLUMNS = (
    "row.id, row.thread_id, row.profile_id, row.is_demo, row.type, row.parent_ref, row.conversation_id, row.posted_at,"
    " row.platform_id, row.received_at, row.direction = 'in', row.deleted_at IS NULL, row.hidden_at IS NOT NULL,"
    " row.closes AND row.send_status IS DISTINCT FROM 'failed', row.content_ref"
)
_BELOW = (
    "WITH RECURSIVE below (id) AS (SELECT unnest(%s::bigint[])"
    " UNION SELECT child.id FROM below JOIN interactions_interaction child ON child.parent_id = below.id"
    " WHERE child.type = 'comment')"
    f" SELECT {_COLUMNS} FROM below JOIN interactions_interaction row USING (id) ORDER BY row.id"
)


def rows_below(ids: Iterable[int]) -> list[StoredRow]:
    """Return the rows with these ids and all comments below them."""
    return _read(_BELOW, list(ids))


def rows_with_ids(ids: Sequence[int]) -> list[StoredRow]:
    return _read(
        f"SELECT {_COLUMNS} FROM interactions_interaction row WHERE id = ANY(%s) ORDER BY id", list(ids)
    )


def set_threads(rows: Sequence[StoredRow], thread_ids: dict[Key, int]) -> None:
    """Store the thread of each row whose thread differs."""
    changes = [
        (row.id, thread_ids[row.unplaced.key])
        for row in rows
        if thread_ids[row.unplaced.key] != row.thread_id
    ]
    with connection.cursor() as cursor:
        for start in range(0, len(changes), IDS_PER_STATEMENT):
            ids, threads = zip(*changes[start : start + IDS_PER_STATEMENT], strict=True)
            cursor.execute(
                "UPDATE interactions_interaction row SET thread_id = new.thread_id"
                " FROM unnest(%s::bigint[], %s::bigint[]) AS new (id, thread_id) WHERE row.id = new.id",
                [list(ids), list(threads)],
            )


def _read(query: str, ids: list[int]) -> list[StoredRow]:
    with connection.cursor() as cursor:
        cursor.execute(query, [ids])
        return [_stored_row(*columns) for columns in cursor]


def _stored_row(
    id, thread_id, profile_id, is_demo, kind, parent_ref, conversation_id, posted_at, platform_id, *facts
) -> StoredRow:
    row_facts = RowFacts(Position(posted_at, platform_id), *facts)
    return StoredRow(
        id, thread_id, UnplacedRow(profile_id, is_demo, kind, parent_ref, conversation_id, row_facts)
    )
