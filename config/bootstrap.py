"""What every entry point does first on a machine without servers: attach to the checkout's or start them, and migrate."""

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

MIGRATION_LOCK = 0x5045_4D49  # held while one process migrates


def ensure_servers() -> bool:
    """Make the embedded servers that the settings ask for run; return whether this call started any."""
    return any(settings.EMBEDDED.values()) and settings.SERVERS.ensure(**settings.EMBEDDED)


class Keeper:
    """Starts the servers again that have ended; a call costs two look-ups of processes while all run."""

    def __init__(self) -> None:
        self._known = settings.SERVERS.processes(**settings.EMBEDDED)

    def __call__(self) -> bool:
        """Whether any was started again, be it by a service that needed it first."""
        if None in (found := settings.SERVERS.processes(**settings.EMBEDDED)):
            ensure_servers()
            found = settings.SERVERS.processes(**settings.EMBEDDED)
        if found == self._known or None in found:
            return False
        self._known = found
        return True


def ensure_ready() -> bool:
    """Servers as above and, on the embedded database, every migration applied; return whether any was started."""
    started = ensure_servers()
    if settings.EMBEDDED["postgres"]:
        if not apps.ready:
            django.setup()
        migrate()
    return started


def migrate() -> None:
    """Apply what is not applied yet, one process at a time."""
    connection = connections[DEFAULT_DB_ALIAS]
    if not _unapplied(connection):
        return
    with _alone(connection):
        if _unapplied(connection):
            call_command("migrate", interactive=False, verbosity=0, stdout=StringIO())


@contextmanager
def _alone(connection) -> Iterator[None]:
    """Hold the migration lock; behind a transaction pooler there is no session to hold it in.

    It is asked for again and again: a statement that waits for it would hold up an index that is built concurrently,
    which waits for every statement that runs, and so for each other.
    """
    if settings.DB_POOLER:
        yield
        return
    with connection.cursor() as cursor:
        while not _try(cursor):
            time.sleep(0.2)
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [MIGRATION_LOCK])


def _try(cursor) -> bool:
    """Whether the migration lock could be taken."""
    cursor.execute("SELECT pg_try_advisory_lock(%s)", [MIGRATION_LOCK])
    return cursor.fetchone()[0]


def _unapplied(connection) -> bool:
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))
