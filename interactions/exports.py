"""Exports of a user's rows as CSV, page by page, newest first; called by `interactions/api/exports.py`.

To export another list, write a table in `export_tables.py`; the list's QuerySet needs `page_for`.

An export reads one page at a time by keyset cursors, in a number of statements that does not depend on the page, and keeps
no transaction. A user may run one export of any list at a time, by a lease in the database: it is renewed while the export
runs, and expires when its process has died. A web process runs MAX_EXPORTS, so that threads remain for others. An export
that has taken MAX_SECONDS is stopped; while its client is MAX_UNSENT_BYTES behind it waits.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from threading import Lock
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import QuerySet
from rest_framework.exceptions import Throttled

from accounts.models import User
from interactions.csv_cells import csv_lines
from interactions.cursors import Page, read_page
from interactions.export_tables import Table
from interactions.models import LEASE, ExportLease
from interactions.problems import TooManyExports
from interactions.read_limits import (
    MAX_MILLISECONDS,
    MAX_SECONDS_PER_MINUTE,
    QUICK_MILLISECONDS,
    read_within_limits,
)
from interactions.statement_timeouts import statement_timeout

PAGE_SIZE = 500  # rows read at once
MAX_SECONDS = 300
MAX_UNSENT_BYTES = 32 * 1024 * 1024  # that the web server keeps in a file for a client that reads slowly
CLIENT_CHECK_SECONDS = 0.1
RENEWAL_SECONDS = 10  # of the lease, which lasts 30
RETRY_SECONDS = 10
MAX_EXPORTS = max(1, settings.WEB_THREADS // 4)  # at a time in one process

# By the token of its lease, the monotonic time at which each export of this process is over. Usually it is closed before;
# the time frees the slot of one whose response was lost, because a middleware failed.
_slots: dict[UUID, float] = {}
_slots_lock = Lock()


class ExportInterrupted(Exception):
    """The export cannot be completed. Its response has begun, so the connection is closed before its end."""


def start_export(user: User, rows: QuerySet, table: Table, unsent_bytes: Callable[[], int]) -> "Export":
    """Read the first page and return the export, which must be closed. `unsent_bytes` is how far the client is behind.

    Raises Throttled while another export of the user runs, TooManyExports while others fill the process, and what
    `read_within_limits` raises.
    """
    with ExitStack() as held:
        token = ExportLease.objects.acquire(user.pk)
        if token is None:
            raise Throttled(RETRY_SECONDS, "Another export of yours is running.")
        held.callback(_release, user.pk, token)
        _take_slot(token)
        held.callback(_free_slot, token)
        first = read_within_limits(user, lambda: _read_page(user, rows, table, None))
        return Export(user, rows, table, unsent_bytes, token, first, held.pop_all())


def reset_slots() -> None:
    """Forget the exports of this process; called by tests, which do not read every response to its end."""
    with _slots_lock:
        _slots.clear()


def _read_page(user: User, rows: QuerySet, table: Table, cursor_text: str | None) -> Page:
    page = read_page(rows, user, cursor_text, PAGE_SIZE)
    table.complete(page.rows)
    return page


def _take_slot(token: UUID) -> None:
    now = time.monotonic()
    with _slots_lock:
        for ended in [one for one, end in _slots.items() if end < now]:
            del _slots[ended]
        if len(_slots) >= MAX_EXPORTS:
            raise TooManyExports
        _slots[token] = now + MAX_SECONDS + LEASE.total_seconds()


def _free_slot(token: UUID) -> None:
    with _slots_lock:
        _slots.pop(token, None)


def _release(owner_id: int, token: UUID) -> None:
    """Release the lease, over a new connection if the export has ended because it lost its own."""
    if connection.errors_occurred and not connection.is_usable():
        connection.close()
    ExportLease.objects.release(owner_id, token)


@dataclass
class Export:
    """The bytes of a CSV file, a page of rows at a time. `close` releases what it holds; it may be called again."""

    user: User
    rows: QuerySet
    table: Table
    unsent_bytes: Callable[[], int]
    token: UUID  # of the lease
    page: Page  # the next one to be written
    held: ExitStack
    started_at: float = field(default_factory=time.monotonic)
    renewed_at: float = field(default_factory=time.monotonic)

    def __iter__(self) -> Iterator[bytes]:
        """Yield the file; raises ExportInterrupted, or an error of the database, when it cannot be completed."""
        yield csv_lines([[column.name for column in self.table.columns]]) + self._lines()
        while self.page.older:
            self._wait_for_client()
            self.page = self._read(str(self.page.older))
            yield self._lines()

    def close(self) -> None:
        self.held.close()

    def _lines(self) -> bytes:
        return csv_lines([column.value(row) for column in self.table.columns] for row in self.page.rows)

    def _read(self, cursor_text: str) -> Page:
        """Read the next page; after a long read pause, so that long ones take at most 20 seconds of a minute."""
        started_at = time.monotonic()
        with statement_timeout(MAX_MILLISECONDS):
            self._keep_running()
            page = _read_page(self.user, self.rows, self.table, cursor_text)
        seconds = time.monotonic() - started_at
        if seconds * 1_000 > QUICK_MILLISECONDS:
            time.sleep(seconds * (60 / MAX_SECONDS_PER_MINUTE - 1))
        return page

    def _wait_for_client(self) -> None:
        while self.unsent_bytes() > MAX_UNSENT_BYTES:
            self._keep_running()
            time.sleep(CLIENT_CHECK_SECONDS)

    def _keep_running(self) -> None:
        """Renew the lease when it is time; raises ExportInterrupted when the export may not go on."""
        now = time.monotonic()
        if now - self.started_at > MAX_SECONDS:
            raise ExportInterrupted(f"The export has taken more than {MAX_SECONDS} seconds.")
        if now - self.renewed_at < RENEWAL_SECONDS:
            return
        if not ExportLease.objects.renew(self.user.pk, self.token):
            raise ExportInterrupted("The lease of the export has expired, and another one may be running.")
        self.renewed_at = now
