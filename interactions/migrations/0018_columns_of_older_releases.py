"""Drops what only releases without threads use: the columns `status` and `read_at` of interactions, and the triggers of 0008.

Before that it places the rows that such a release stored in threads, and makes their statuses decisions; afterwards it
places those that arrived meanwhile. Safe under traffic of the release before, and to be run again where interrupted.
Processes without threads cannot store rows any more.

The table `interactions_stalethread` stays, empty: processes of the release before read it each minute.
"""

from array import array
from collections.abc import Iterable
from datetime import datetime
from importlib import import_module

from django.db import connection, migrations, transaction

from accounts.altering import alter
from interactions.clock import now
from interactions.locks import lock_profiles
from interactions.threads.adoption import adopt_rows
from interactions.threads.moving import move_rows
from interactions.threads.recomputing import recompute, recompute_or_delete, refresh_states

ROWS = "interactions_interaction"
PER_TRANSACTION = 1_000
DROPPED = f"""
DROP TRIGGER IF EXISTS thread_is_stale_after_update ON {ROWS};
DROP TRIGGER IF EXISTS thread_is_stale_after_delete ON {ROWS};
DROP FUNCTION IF EXISTS interactions_note_stale_thread();
ALTER TABLE {ROWS} DROP COLUMN IF EXISTS status, DROP COLUMN IF EXISTS read_at;
"""
KNOWN = "CONSTRAINT interaction_status_is_known CHECK (status IN ('new', 'done', 'archived', 'hidden'))"
ADDED = f"""
ALTER TABLE {ROWS} ADD COLUMN IF NOT EXISTS status varchar(8) NOT NULL DEFAULT 'new' {KNOWN},
    ADD COLUMN IF NOT EXISTS read_at timestamptz;
{import_module("interactions.migrations.0008_threads_of_rows").TRIGGERS}
"""


def drop(apps, schema_editor) -> None:
    alter(schema_editor.connection, lambda *_: DROPPED)


def add(apps, schema_editor) -> None:
    alter(schema_editor.connection, lambda *_: ADDED)


def settle_threads(apps, schema_editor) -> None:
    """Place the rows without a thread, compute the stale threads anew, and decide on both by the column `status`."""
    at, rows = now(), _rows_without_thread()
    adopt_rows(at)
    for start in range(0, len(rows), PER_TRANSACTION):
        _decide_on_threads_of(rows[start : start + PER_TRANSACTION].tolist(), at)
    while _refresh_stale_threads(at):
        pass


def _rows_without_thread() -> array:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT id FROM {ROWS} WHERE thread_id IS NULL ORDER BY profile_id, id")
        return array("q", (id for (id,) in cursor))


def _refresh_stale_threads(at: datetime) -> bool:
    """Compute threads anew whose rows a release without threads changed or deleted; return whether there were any."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT stale.thread_id, thread.profile_id FROM interactions_stalethread stale"
            f" LEFT JOIN interactions_thread thread ON thread.id = stale.thread_id LIMIT {PER_TRANSACTION}"
        )
        found = cursor.fetchall()
    if not found:
        return False
    threads = [thread for thread, _ in found]
    with transaction.atomic(), connection.cursor() as cursor:
        lock_profiles({profile for _, profile in found if profile is not None})
        cursor.execute("DELETE FROM interactions_stalethread WHERE thread_id = ANY(%s)", [threads])
        cursor.execute(f"SELECT id FROM {ROWS} WHERE thread_id = ANY(%s)", [threads])
        move_rows([id for (id,) in cursor.fetchall()], at)
        recompute_or_delete(threads, at)
        cursor.execute(
            "UPDATE interactions_thread thread SET content_id = (SELECT content.id FROM interactions_content content"
            " WHERE content.profile_id = thread.profile_id AND content.platform_id = thread.content_ref)"
            " WHERE thread.id = ANY(%s)",
            [threads],
        )
        if _has_status(cursor):
            _decide(threads, at)
    return True


def _decide_on_threads_of(rows: list[int], at: datetime) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        if not _has_status(cursor):
            return
        cursor.execute(
            f"SELECT thread_id, profile_id FROM {ROWS} WHERE id = ANY(%s) AND thread_id IS NOT NULL", [rows]
        )
        threads = cursor.fetchall()
        lock_profiles({profile for _, profile in threads})
        _decide({thread for thread, _ in threads}, at)


def _has_status(cursor) -> bool:
    """Whether the column is still there: an interrupted run may have dropped it."""
    cursor.execute(
        "SELECT FROM pg_attribute WHERE attrelid = %s::regclass AND attname = 'status' AND NOT attisdropped",
        [ROWS],
    )
    return cursor.fetchone() is not None


def _decide(threads: Iterable[int], at: datetime) -> None:
    """Hide hidden comments, and make the status of each thread's newest received row a decision that covers it."""
    ids = list(threads)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {ROWS} SET hidden_at = %s, visibility_at = %s WHERE thread_id = ANY(%s)"
            " AND status = 'hidden' AND type = 'comment' AND visibility_at IS NULL RETURNING thread_id",
            [at, at, ids],
        )
        recompute({thread for (thread,) in cursor.fetchall()}, at)
        cursor.execute(
            "UPDATE interactions_thread thread SET decided_at = %s, decision = row.status,"
            " covers_at = row.posted_at, covers_ref = row.platform_id, read_at = %s"
            f" FROM {ROWS} row WHERE thread.id = ANY(%s) AND thread.decided_at IS NULL"
            " AND row.profile_id = thread.profile_id AND row.platform_id = thread.last_in_ref"
            " AND row.status IN ('done', 'archived') RETURNING thread.id",
            [at, at, ids],
        )
        refresh_states({thread for (thread,) in cursor.fetchall()}, at)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("interactions", "0017_rules_can_be_disabled")]

    operations = [
        migrations.RunPython(settle_threads, migrations.RunPython.noop),
        migrations.RunPython(drop, add),
        migrations.RunPython(settle_threads, migrations.RunPython.noop),
    ]
