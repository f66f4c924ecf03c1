"""Stores the words of interactions for the search. Called by the task `fill_search`.

Triggers write an UnindexedRange for each statement that inserts rows or edits texts (migration 0010). A range is deleted
in the transaction that has read its rows, so an edit that commits after that read has a range of its own, which a later
batch reads.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import NamedTuple

from django.db import OperationalError, connection, transaction

from interactions.db_errors import is_connection_lost
from interactions.json_parameters import to_json
from interactions.search_words import MAX_TEXT, words_of

ROWS_PER_BATCH = 250
PAUSE = 3.0  # between two batches, as a multiple of the time of the first, so that arrivals are hardly slowed down
FILL_LOCK = 0x5053 << 48  # advisory lock key, outside the ranges of the others (interactions/locks.py)
# Deletions wait for a batch, and a batch for a deletion; the batch gives up before PostgreSQL looks for deadlocks.
MAX_LOCK_WAIT = "200ms"


class Range(NamedTuple):
    """An UnindexedRange."""

    id: int
    first_id: int
    last_id: int


def fill(time_limit: timedelta) -> bool:
    """Store the words of rows that have none yet, newest first, until none is left or the time limit ends it.

    Returns True when the time limit ended it; False when none is left, another process fills, or a row is locked: the next
    run goes on. One process fills at a time, in short transactions.
    """
    deadline = time.monotonic() + time_limit.total_seconds()
    while time.monotonic() < deadline:
        started = time.monotonic()
        if not _fill_batch():
            return False
        time.sleep(PAUSE * (time.monotonic() - started))
    return True


def _fill_batch() -> bool:
    """Fill one batch; False when no range is left, another process fills, or a row stays locked."""
    try:
        with _only_filler() as is_only:
            ranges = _newest_ranges() if is_only else []
            if ranges:
                _fill_rows(ranges)
            return bool(ranges)
    except OperationalError as error:
        if is_connection_lost(error):
            raise
        return False  # a row is being deleted; the next run fills the others


@contextmanager
def _only_filler() -> Iterator[bool]:
    """A transaction; yields False when another process fills. A crash may lose it as a whole, then it is repeated."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('synchronous_commit', 'off', true), set_config('lock_timeout', %s, true),"
            " pg_try_advisory_xact_lock(%s)",
            [MAX_LOCK_WAIT, FILL_LOCK],
        )
        yield cursor.fetchone()[-1]


def _newest_ranges() -> list[Range]:
    """The newest ranges with ROWS_PER_BATCH ids together, or the newest one if it has more."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, first_id, last_id FROM (SELECT *, row_number() OVER newest_first AS number,"
            " sum(last_id - first_id + 1) OVER newest_first AS ids FROM"
            " (SELECT id, first_id, last_id FROM interactions_unindexedrange ORDER BY id DESC LIMIT %s) AS newest"
            " WINDOW newest_first AS (ORDER BY id DESC)) AS counted WHERE number = 1 OR ids <= %s",
            [ROWS_PER_BATCH, ROWS_PER_BATCH],
        )
        return [Range(*row) for row in cursor]


def _fill_rows(ranges: list[Range]) -> None:
    rows = _read_rows(ranges)
    _store(
        [
            {"id": id, "words": " ".join(f"{profile_id}:{word}" for word in words_of(*texts))}
            for id, profile_id, *texts in rows
        ]
    )
    with connection.cursor() as cursor:
        if len(rows) == ROWS_PER_BATCH and len(ranges) == 1:  # it may have more rows, with smaller ids
            remaining = [min(id for id, *_ in rows) - 1, ranges[0].id]
            cursor.execute("UPDATE interactions_unindexedrange SET last_id = %s WHERE id = %s", remaining)
        else:
            cursor.execute(
                "DELETE FROM interactions_unindexedrange WHERE id = ANY(%s)", [[one.id for one in ranges]]
            )


def _read_rows(ranges: list[Range]) -> list[tuple]:
    """Id, profile and texts of the rows of the ranges, at most ROWS_PER_BATCH with the largest ids of each.

    They cannot be deleted before the transaction ends; edits do not wait for it.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT row.* FROM unnest(%s::bigint[], %s::bigint[]) AS range (first_id, last_id), LATERAL"
            " (SELECT id, profile_id, left(text, %s), author_handle, author_name FROM interactions_interaction"
            " WHERE id BETWEEN first_id AND last_id ORDER BY id DESC LIMIT %s FOR KEY SHARE) AS row",
            [
                [one.first_id for one in ranges],
                [one.last_id for one in ranges],
                MAX_TEXT,
                ROWS_PER_BATCH,
            ],
        )
        return list({row[0]: row for row in cursor}.values())  # ranges of two edits may have the same row


def _store(rows: list[dict[str, object]]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO interactions_enrichment (interaction_id, search)"
            " SELECT id, array_to_tsvector(string_to_array(words, ' '))"
            " FROM json_to_recordset(%s::json) AS new (id bigint, words text)"
            " ON CONFLICT (interaction_id) DO UPDATE SET search = EXCLUDED.search",
            [to_json(rows)],
        )
