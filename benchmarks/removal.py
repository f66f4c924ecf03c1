"""Time to remove one of 10,000 full demos, and to deliver over HTTP there. Peer: none. Limit: the demo's own rows.

Removal is disabling, resetting and deleting the user. The receiver only answers 200, so that the time is the sender's.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from statistics import median
from threading import Thread
from time import perf_counter

from django.conf import settings
from django.db import connection

from accounts.models import Profile
from benchmarks import population
from benchmarks.measurements import Measurement, Table
from demo.engine import delivery
from demo.lifecycle import pending_work, removal, transitions
from demo.models import DemoAccount, State, StoryEvent
from interactions.models import Content, Interaction

TABLES = (StoryEvent, Interaction, Content, Profile)
NOW = population.MORNING + timedelta(days=1)


@dataclass(frozen=True)
class Size:
    users: int
    demo: str  # a key of seeding.SIZES
    templates: int
    removed: int  # users of each kind of removal
    http: dict[int, int]  # users, and how many events of each are due


FULL = Size(users=10_000, demo="full", templates=20, removed=3, http={500: 20, 10: 1_000})
SMALL = Size(users=8, demo="smoke", templates=2, removed=1, http={4: 2, 2: 10})


def run(size: Size) -> Iterator[Table]:
    population.resize(population.make_templates(size.demo, size.templates), size.users)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_reset()")
    among = f"among {size.users:,} users with {size.demo} demos"
    yield Table(f"Tables, with {size.users:,} users with {size.demo} demos", list(_table_sizes()))
    yield Table(f"Removal of one demo {among}", list(_removals(size.removed)))
    with receiver() as url:
        settings.DEMO_DELIVERY, settings.MAIN_APP_URL = "http", url
        measurements = [_over_http(users, events) for users, events in size.http.items()]
    yield Table(f"Delivery over HTTP {among}", measurements)


def _table_sizes() -> Iterator[Measurement]:
    with connection.cursor() as cursor:
        for table in (model._meta.db_table for model in TABLES):
            cursor.execute(
                "SELECT reltuples, pg_table_size(oid), pg_indexes_size(oid) FROM pg_class WHERE oid = %s::regclass",
                [table],
            )
            rows, size, indexes = cursor.fetchone()
            yield Measurement(
                f"{table}: rows, table, indexes",
                f"{rows:,.0f}, {size / 2**20:,.0f} MB, {indexes / 2**20:,.0f} MB",
            )


def _removals(number: int) -> Iterator[Measurement]:
    """Each kind of removal, for `number` users whose rows are in the middle of the tables."""
    accounts = list(DemoAccount.objects.select_related("user").order_by("pk"))
    chosen = iter(accounts[len(accounts) // 2 :])
    for name, remove in (("disable", _disable), ("reset", _reset), ("delete_user", _delete)):
        seconds, before = [], _scans()
        for _ in range(number):
            started = perf_counter()
            remove(next(chosen))
            seconds.append(perf_counter() - started)
        scans = {table: count - before[table] for table, count in _scans().items() if count > before[table]}
        yield Measurement(
            f"{name}: median and maximum of {number}", f"{median(seconds):.2f} s, {max(seconds):.2f} s"
        )
        yield Measurement("… sequential scans", json.dumps(scans))


def _disable(account: DemoAccount) -> None:
    transitions.disable(account.user, request_worker=False)
    pending_work.run_to_completion(account.pk, NOW)
    assert DemoAccount.objects.get(pk=account.pk).state == State.OFF


def _reset(account: DemoAccount) -> None:
    transitions.reset(account.user, request_worker=False)
    pending_work.run_to_completion(account.pk, NOW)
    assert DemoAccount.objects.get(pk=account.pk).state == State.ACTIVE


def _delete(account: DemoAccount) -> None:
    removal.remove_user(account.user)


def _scans() -> dict[str, int]:
    """The number of sequential scans of each table."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute("SELECT relname, seq_scan FROM pg_stat_user_tables")
        found = dict(cursor.fetchall())
    return {model._meta.db_table: found[model._meta.db_table] for model in TABLES}


def _over_http(users: int, events: int) -> Measurement:
    number = _make_due(users, events, NOW)
    started = perf_counter()
    delivered = delivery.deliver_due(NOW)
    seconds = perf_counter() - started
    assert delivered == number == users * events, (delivered, number)
    return Measurement(
        f"{number:,} events of {users} users over HTTP", f"{seconds:.1f} s, {number / seconds:,.0f}/s"
    )


def _make_due(users: int, events: int, now: datetime) -> int:
    """Make `events` events of each of `users` users due again; return their number."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE demo_storyevent SET delivered_at = NULL, due_at = %s - random() * interval '6 hours' WHERE id IN"
            " (SELECT story.id FROM (SELECT id FROM demo_demoaccount WHERE state = 'active' ORDER BY id LIMIT %s) account,"
            " LATERAL (SELECT id FROM demo_storyevent WHERE account_id = account.id ORDER BY type, due_at LIMIT %s) story)",
            [now, users, events],
        )
        return cursor.rowcount


class _Answers200(BaseHTTPRequestHandler):
    """Reads the request body and answers 200."""

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
    """Run a web server that answers 200 to every batch; yield its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Answers200) as server:
        serving = Thread(target=server.serve_forever, daemon=True)
        serving.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        serving.join()
