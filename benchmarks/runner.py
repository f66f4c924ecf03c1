"""Runs benchmarks one after the other, each in a process and on a database of its own; called by `python -m benchmarks`.

A process that ends takes its variables, settings and child processes with it, and the next database is a copy of the
migrated one. So a benchmark depends on no other, whether that one ended well, failed or hung.
"""

import logging
import os
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from multiprocessing import get_context

import psycopg
import redis
from django.conf import settings
from django.db import connections
from psutil import virtual_memory

from benchmarks.measurements import print_table
from config.bootstrap import ensure_ready
from config.celery import collect_garbage_rarely

MIGRATED = "migrated"  # the database that every benchmark starts with a copy of
MAX_SECONDS = {"FULL": 3_600, "SMALL": 120}  # for one benchmark, then it counts as hanging
LOG_LINES = 15
SERVER = {
    # A production server survives a power cut
    **dict.fromkeys(("fsync", "synchronous_commit", "full_page_writes"), "on"),
    "shared_buffers": f"{virtual_memory().total // 4 // 2**20}MB",  # the share that PostgreSQL's manual advises
    "max_wal_size": "16GB",  # without a checkpoint for every few seconds of work
}


def run_all(names: Sequence[str], size: str) -> list[str]:
    """Run the benchmarks at the size `FULL` or `SMALL` and print their measurements; return the names of those that failed."""
    started = time.monotonic()
    try:
        _start_servers()
        logging.disable(logging.INFO)
        failed = [name for name in names if not _succeeds(name, size)]
    finally:
        settings.SERVERS.stop()
    print(f"\n{len(names)} run in {time.monotonic() - started:.0f} s.", end=" ")
    print(f"Failed: {', '.join(failed)}." if failed else "None failed.", flush=True)
    return failed


def _start_servers() -> None:
    """Start PostgreSQL and Valkey, apply the migrations, and set PostgreSQL up as in production."""
    ensure_ready()
    collect_garbage_rarely()
    connections.close_all()
    with _administration() as database:
        for name, value in SERVER.items():
            database.execute(f"ALTER SYSTEM SET {name} = '{value}'")
    settings.SERVERS.restart_postgres()
    with _administration() as database:
        database.execute(f"ALTER DATABASE {settings.DATABASES['default']['NAME']} RENAME TO {MIGRATED}")


@contextmanager
def _administration() -> Iterator[psycopg.Connection]:
    """A connection to the server that does not hold the product's database open."""
    entry = settings.DATABASES["default"]
    with psycopg.connect(
        dbname="postgres", user=entry["USER"], host=entry["HOST"], autocommit=True
    ) as connection:
        yield connection


def _succeeds(name: str, size: str) -> bool:
    """Run one benchmark; whether it ended without an exception and in time."""
    _reset_data()
    started = time.monotonic()
    process = get_context("fork").Process(target=_run, args=(name, size), name=name)
    process.start()
    try:
        process.join(MAX_SECONDS[size])
        timed_out = process.is_alive()
    finally:
        _end(process)
    seconds = time.monotonic() - started
    if timed_out:
        print(f"\n{name} FAILED: it was stopped after {seconds:.0f} s.", flush=True)
    elif process.exitcode:
        print(f"\n{name} FAILED after {seconds:.1f} s; the traceback is on standard error.", flush=True)
    else:
        print(f"  {name}: {seconds:.1f} s", flush=True)
        return True
    _print_logs()
    return False


def _reset_data() -> None:
    """A database that has the tables and nothing of an earlier benchmark, an empty Valkey, and no logs."""
    name = settings.DATABASES["default"]["NAME"]
    with _administration() as database:
        database.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        database.execute(f"CREATE DATABASE {name} TEMPLATE {MIGRATED}")
        database.execute("CHECKPOINT")
    with redis.Redis.from_url(settings.REDIS_CLIENT_URL) as valkey:
        valkey.flushall()
    for log in settings.DATA_DIR.glob("*.log"):
        log.unlink()


def _run(name: str, size: str) -> None:
    """In the benchmark's own process: run it and print each table when it is there."""
    os.setsid()
    benchmark = import_module(f"benchmarks.{name}")
    for table in benchmark.run(getattr(benchmark, size)):
        print_table(table, judged=size == "FULL")


def _end(process) -> None:
    """Kill the benchmark's process, if it still runs, and all that it has started."""
    process.kill()
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.join()


def _print_logs() -> None:
    """The last lines that the services of a failed benchmark have logged."""
    for log in sorted(settings.DATA_DIR.glob("*.log")):
        lines = log.read_text(errors="replace").splitlines()[-LOG_LINES:]
        print(f"  {log.name}:", *lines, sep="\n    ", flush=True)
