"""Makes a process ready: starts or joins the embedded servers, and applies missing migrations.

Called first by every entry point: `manage.py`, `config/wsgi.py`, worker and beat (`config/celery.py`), `config/up.py`.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO

import django
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.migrations.executor import MigrationExecutor

MIGRATION_LOCK = 0x5045_4D49  # key of the advisory lock
LOCK_RETRY_SECONDS = 0.2


def ensure_servers() -> bool:
    """Start the embedded servers that the settings ask for, where they do not run; return whether any was started."""
    return any(settings.EMBEDDED.values()) and settings.SERVERS.ensure(**settings.EMBEDDED)


def ensure_ready() -> bool:
    """`ensure_servers`, and on the embedded database all migrations; return whether any server was started.

    A database of DATABASE_URL is migrated by the release step only.
    """
    started = ensure_servers()
    if settings.EMBEDDED["postgres"]:
        if not apps.ready:
            django.setup()
        migrate()
    return started


def migrate() -> None:
    """Apply missing migrations, in one process at a time."""
    connection = connections[DEFAULT_DB_ALIAS]
    if not _has_unapplied_migrations(connection):
        return
    with _migration_lock(connection):
        if _has_unapplied_migrations(connection):
            call_command("migrate", interactive=False, verbosity=0, stdout=StringIO())


@contextmanager
def _migration_lock(connection) -> Iterator[None]:
    """Hold the migration lock; without effect behind a transaction pooler, which offers no session to hold it in.

    The lock is polled. A statement that waited for it would deadlock with CREATE INDEX CONCURRENTLY, which waits for
    every running statement.
    """
    if settings.DB_POOLER:
        yield
        return
    with connection.cursor() as cursor:
        while not _try_lock(cursor):
            time.sleep(LOCK_RETRY_SECONDS)
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [MIGRATION_LOCK])


def _try_lock(cursor) -> bool:
    cursor.execute("SELECT pg_try_advisory_lock(%s)", [MIGRATION_LOCK])
    return cursor.fetchone()[0]


def _has_unapplied_migrations(connection) -> bool:
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))
