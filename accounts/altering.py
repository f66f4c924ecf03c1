"""ALTER TABLE for tables that are in use; called by migrations.

Each statement needs an exclusive lock for a moment. It waits for the lock at most two seconds, so that other statements
queue behind it no longer, and is retried for ten minutes.
"""

import time
from collections.abc import Callable

from django.db import OperationalError, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper
from django.db.migrations import RunPython

MAX_LOCK_WAIT = "2s"
ATTEMPTS, PAUSE_SECONDS = 120, 3
RETRIED = ("55P03", "40P01")  # SQLSTATEs: lock not available, deadlock

Statement = Callable[[BaseDatabaseWrapper, CursorWrapper], str]


def alter(connection: BaseDatabaseWrapper, statement: Statement) -> None:
    """Run the SQL that `statement` returns, if any; OperationalError when no attempt gets the lock."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with transaction.atomic(connection.alias), connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL lock_timeout = '{MAX_LOCK_WAIT}'")
                if sql := statement(connection, cursor):
                    cursor.execute(sql)
            return
        except OperationalError as error:
            if getattr(error.__cause__, "sqlstate", None) not in RETRIED or attempt == ATTEMPTS:
                raise
            time.sleep(PAUSE_SECONDS)


def add_columns(table: str, columns: dict[str, str]) -> RunPython:
    """Return a migration operation that adds the columns (name to SQL type) in one statement; safe to run twice."""
    added = ", ".join(f"ADD COLUMN IF NOT EXISTS {name} {sql_type}" for name, sql_type in columns.items())
    dropped = ", ".join(f"DROP COLUMN IF EXISTS {name}" for name in columns)
    return RunPython(_altering(f"ALTER TABLE {table} {added}"), _altering(f"ALTER TABLE {table} {dropped}"))


def replace_check(table: str, name: str, condition: str) -> RunPython:
    """Return a migration operation that gives the table the check constraint `name`, in place of one of that name.

    Safe to run twice. It reads the whole table while it holds the lock, so it is for small tables such as
    demo_demoaccount. Reversing it changes nothing: the release before must accept the new condition.
    """
    dropped = f"DROP CONSTRAINT IF EXISTS {name}"
    sql = f"ALTER TABLE {table} {dropped}, ADD CONSTRAINT {name} CHECK ({condition})"
    return RunPython(_altering(sql), RunPython.noop)


def _altering(sql: str) -> Callable:
    return lambda apps, schema_editor: alter(schema_editor.connection, lambda *_: sql)
