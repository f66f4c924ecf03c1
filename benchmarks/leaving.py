"""Disabling, resetting and deleting one user among 10,000 with full demos, and HTTP delivery of 10,000 events there.

The receiver answers 200 and does nothing, so that the figure is the sender's. USERS is the number of demos.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from statistics import median
from threading import Thread
from time import perf_counter

from django.conf import settings
from django.db import connection

from accounts.models import Profile
from benchmarks import living
from benchmarks.figures import Figure, show
from demo.engine import delivery
from demo.lifecycle import pending_work, removal, transitions
from demo.models import DemoAccount, State, StoryEvent
from interactions.models import Content, Interaction

TABLES = (StoryEvent, Interaction, Content, Profile)
NOW = living.MORNING + timedelta(days=1)
ONES = 3  # of each kind of leaving
DUE = {500: 20, 10: 1_000}  # users, and how many events of each are due


def run() -> None:
    living.exactly(living.USERS)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_reset()")
    figures = [*_sizes(), *_leaving()]
    with receiver() as url:
        settings.DEMO_DELIVERY, settings.MAIN_APP_URL = "http", url
        for users, events in DUE.items():
            figures += _over_http(users, events)
        settings.DEMO_DELIVERY = "direct"
    show(f"Leaving, and delivery over HTTP, among {living.USERS:,} users with {living.SIZE} demos", figures)


def _sizes() -> Iterator[Figure]:
    with connection.cursor() as cursor:
        for table in (model._meta.db_table for model in TABLES):
            cursor.execute(
                "SELECT reltuples, pg_table_size(oid), pg_indexes_size(oid) FROM pg_class WHERE oid = %s::regclass",
                [table],
            )
            rows, size, indexes = cursor.fetchone()
            yield Figure(
                f"{table}: rows, table, indexes",
                f"{rows:,.0f}, {size / 2**20:,.0f} MB, {indexes / 2**20:,.0f} MB",
            )


def _leaving() -> Iterator[Figure]:
    accounts = list(DemoAccount.objects.select_related("user").order_by("pk"))
    chosen = iter(accounts[len(accounts) // 2 :])
    for name, leave in (("disable", _disable), ("reset", _reset), ("delete_user", _delete)):
        seconds, scans = [], _scans()
        for _ in range(ONES):
            started = perf_counter()
            leave(next(chosen))
            seconds.append(perf_counter() - started)
        walked = {table: count - scans[table] for table, count in _scans().items() if count > scans[table]}
        yield Figure(
            f"{name}: median and longest of {ONES}", f"{median(seconds):.2f} s, {max(seconds):.2f} s"
        )
        yield Figure("… scans of whole tables", json.dumps(walked))


def _disable(account: DemoAccount) -> None:
    transitions.disable(account.user, dispatch=False)
    pending_work.finish(account.pk, NOW)
    assert DemoAccount.objects.get(pk=account.pk).state == State.OFF


def _reset(account: DemoAccount) -> None:
    transitions.reset(account.user, dispatch=False)
    pending_work.finish(account.pk, NOW)
    assert DemoAccount.objects.get(pk=account.pk).state == State.ACTIVE


def _delete(account: DemoAccount) -> None:
    removal.remove_user(account.user)


def _scans() -> dict[str, int]:
    """How often each of the tables has been read from end to end."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute("SELECT relname, seq_scan FROM pg_stat_user_tables")
        found = dict(cursor.fetchall())
    return {model._meta.db_table: found[model._meta.db_table] for model in TABLES}


def _over_http(users: int, events: int) -> Iterator[Figure]:
    number = _fall_due(users, events, NOW)
    started = perf_counter()
    delivered = delivery.deliver_due(NOW)
    seconds = perf_counter() - started
    assert delivered == number, (delivered, number)
    yield Figure(
        f"{number:,} events of {users} users over HTTP", f"{seconds:.1f} s, {number / seconds:,.0f}/s"
    )


def _fall_due(users: int, events: int, now: datetime) -> int:
    """So many events of so many users are due once more."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE demo_storyevent SET delivered_at = NULL, due_at = %s - random() * interval '6 hours' WHERE id IN"
            " (SELECT story.id FROM (SELECT id FROM demo_demoaccount WHERE state = 'active' ORDER BY id LIMIT %s) account,"
            " LATERAL (SELECT id FROM demo_storyevent WHERE account_id = account.id ORDER BY type, due_at LIMIT %s) story)",
            [now, users, events],
        )
        return cursor.rowcount


class _Taken(BaseHTTPRequestHandler):
    """Takes whatever is posted."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def receiver() -> Iterator[str]:
    """A web server that answers 200 to every batch; its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Taken) as server:
        serving = Thread(target=server.serve_forever, daemon=True)
        serving.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        serving.join()
