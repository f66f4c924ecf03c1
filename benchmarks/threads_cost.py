"""Ingest and expiry beside the revision before threads, 1,000,000 rows. Peer: that revision. Limit: 1, as it writes the same rows.

Each revision has a process (`threads_cost_worker.py`) and a database of its own, on one server, with equal rows. Their
runs alternate, so that a slow phase of the machine slows both. A ratio is that of two neighbouring runs.
"""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import NamedTuple

from django.conf import settings
from django.db import connection

from benchmarks.measurements import Measurement, Table, at_most
from benchmarks.revisions import MissingRevision, extract

BEFORE_THREADS = "b1d4cb0788f85f2f56d9a3bb3e1935fe73686aa0"
WORKER = Path(__file__).with_name("threads_cost_worker.py")
WARM_UP = 3  # pairs of runs that are not counted
FEW = 10  # events, beside a whole batch, when statements are counted


@dataclass(frozen=True)
class Size:
    rows: int
    events: int  # of one ingest
    hidden: int  # rows that one transaction expires
    pairs: int  # of runs of an ingest; even, so that each revision is first as often


FULL = Size(rows=1_000_000, events=1_000, hidden=250, pairs=40)
SMALL = Size(rows=1_000, events=20, hidden=10, pairs=1)


class Scenario(NamedTuple):
    """A command of the worker with its number, how often it is measured, and the maximum of the ratio."""

    title: str
    command: str
    number: int
    pairs: int
    limit: float


class Pair(NamedTuple):
    """The seconds of one run of each revision."""

    before: float
    now: float

    @property
    def ratio(self) -> float:
        return self.now / self.before


class Worker:
    """A process that measures one checkout on a new database. It ends when its standard input is closed."""

    def __init__(self, checkout: Path, database: str) -> None:
        self.log = settings.DATA_DIR / f"{database}.log"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-P", str(WORKER), database],  # -P: no module path but the checkout
                cwd=checkout,
                env=os.environ | {"PYTHONPATH": str(checkout)},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

    def send(self, command: str, number: int) -> None:
        print(command, number, file=self.process.stdin, flush=True)

    def answer(self) -> float:
        """The number that answers the command sent before."""
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"The worker has ended; its error is at the end of {self.log.name}")
        return float(line)

    def ask(self, command: str, number: int) -> float:
        self.send(command, number)
        return self.answer()

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()


class Workers(NamedTuple):
    """One for each revision."""

    before: Worker
    now: Worker


def run(size: Size) -> Iterator[Table]:
    with TemporaryDirectory(dir=settings.DATA_DIR) as folder:
        _extract(Path(folder))
        with _workers(Path(folder)) as workers:
            _fill(workers, size.rows)
            yield from (_compare(workers, scenario, size.rows) for scenario in _scenarios(size))
            yield Table("SQL statements of one ingest", list(_statements(workers.now, size.events)))


def _scenarios(size: Size) -> list[Scenario]:
    events, hidden, pairs = size.events, size.hidden, size.pairs
    return [
        Scenario(f"Ingest of {events:,} new events", "new", events, pairs, limit=1.4),
        Scenario(
            f"Ingest of {events:,} replies to as many known threads", "replies", events, pairs, limit=1.7
        ),
        # Three times as many runs: each takes a few milliseconds, which vary more.
        Scenario(f"Expiry of {hidden:,} comments in one transaction", "hide", hidden, 3 * pairs, limit=1.4),
    ]


def _extract(folder: Path) -> None:
    try:
        extract(BEFORE_THREADS, settings.BASE_DIR, folder)
    except MissingRevision as error:
        sys.exit(str(error))  # the sentence without a traceback


@contextmanager
def _workers(before: Path) -> Iterator[Workers]:
    """A worker for the revision in the folder `before` and one for this checkout; their databases are dropped at the end."""
    with ExitStack() as stack:
        yield Workers(
            stack.enter_context(_worker(before, "threads_cost_before")),
            stack.enter_context(_worker(settings.BASE_DIR, "threads_cost_now")),
        )


@contextmanager
def _worker(checkout: Path, database: str) -> Iterator[Worker]:
    _execute(f"CREATE DATABASE {database}")
    try:
        worker = Worker(checkout, database)
        try:
            yield worker
        finally:
            worker.end()
    finally:
        _execute(f"DROP DATABASE {database} WITH (FORCE)")


def _execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def _fill(workers: Workers, rows: int) -> None:
    for worker in workers:
        worker.send("fill", rows)
    assert [worker.answer() for worker in workers] == [rows, rows]
    _execute("CHECKPOINT")


def _compare(workers: Workers, scenario: Scenario, rows: int) -> Table:
    turns = range(WARM_UP + scenario.pairs)
    pairs = [_pair(workers, scenario, turn) for turn in turns][WARM_UP:]
    return Table(f"{scenario.title}, {rows:,} rows", list(_measurements(pairs, scenario.limit)))


def _pair(workers: Workers, scenario: Scenario, turn: int) -> Pair:
    """One run of each; the worker that is first alternates."""
    order = reversed(workers) if turn % 2 else workers
    seconds = {worker: worker.ask(scenario.command, scenario.number) for worker in order}
    return Pair(seconds[workers.before], seconds[workers.now])


def _measurements(pairs: Sequence[Pair], limit: float) -> Iterator[Measurement]:
    before, now = zip(*pairs, strict=True)
    for name, seconds in ((f"revision {BEFORE_THREADS[:7]}", before), ("this checkout", now)):
        values = f"{min(seconds) * 1_000:.1f}, {median(seconds) * 1_000:.1f} ms"
        yield Measurement(f"{name}, minimum and median of {len(seconds)} runs", values)
    yield at_most(
        "… as a multiple: median of the ratios of two runs", median(pair.ratio for pair in pairs), limit
    )
    yield Measurement("… as a multiple: ratio of the minima", f"{min(now) / min(before):.2f}")


def _statements(worker: Worker, events: int) -> Iterator[Measurement]:
    for command, name in (("statements_of_new", "new events"), ("statements_of_replies", "replies")):
        few, many = (int(worker.ask(command, number)) for number in (FEW, events))
        yield Measurement(f"{name}, {FEW} and {events:,}", f"{few} and {many}", "as many", few == many)
