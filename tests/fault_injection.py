"""Injects faults into a service stack: its broker, disk, database and clock. Called by tests/test_fault_injection.py and others."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import libfaketime
import psycopg
import pytest
import redis

from tests.service_stack import ServiceStack, accepts, free_port, until

FAKETIME = Path(libfaketime.__file__).parent / "vendor/libfaketime/src/libfaketime.so.1"


def kill_broker(stack: ServiceStack) -> None:
    """Kill the broker and delete its files, as a crash that loses the disk does."""
    os.kill(int((stack.servers.valkey_dir / "valkey.pid").read_text()), signal.SIGKILL)
    until(lambda: not stack.servers.valkey_runs(), "the broker is dead")
    shutil.rmtree(stack.servers.valkey_dir)


@contextmanager
def database_away(stack: ServiceStack) -> Iterator[None]:
    """PostgreSQL is stopped for the block, as for a restart; all connections are closed."""
    server = stack.servers.processes(valkey=False)["PostgreSQL"]
    server.send_signal(signal.SIGINT)
    until(lambda: not stack.servers.postgres_runs(), "the database has stopped")
    try:
        yield
    finally:
        stack.servers.ensure(valkey=False)


@contextmanager
def small_disk(folder: Path, kilobytes: int) -> Iterator[None]:
    """Mount a file system of that size at `folder` for the block; skip the test where that is not permitted."""
    folder.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k,mode=755", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this user may not mount a file system")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """Fill the disk of `folder` with one file; return its path, for the caller to delete."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as stream:
        try:
            while True:
                stream.write(b"x" * 4096)
        except OSError:
            return filler


def refusal(stack: ServiceStack) -> str:
    """The broker's error to a write; "" when the write succeeds."""
    with stack.broker() as broker:
        try:
            broker.set("probe", "x" * 1_000)
        except redis.RedisError as error:
            return str(error)
    return ""


@contextmanager
def connections_exhausted(stack: ServiceStack) -> Iterator[None]:
    """Hold all of PostgreSQL's connections for the block; those of the services are terminated first."""
    with ExitStack() as contexts:
        own: list[psycopg.Connection] = []
        while True:
            try:
                own.append(contexts.enter_context(stack.connect()))
            except psycopg.OperationalError:
                pids = [connection.info.backend_pid for connection in own]
                ended = own[0].execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE backend_type = 'client backend' AND pid <> ALL(%s)",
                    [pids],
                )
                if not ended.fetchall():
                    break
        yield


def set_clock(stack: ServiceStack, hours: float) -> datetime:
    """Shift the clocks of database, worker and beat by `hours`; return their time."""
    with skewed_clock(f"{hours:+}h"):
        stack.servers.restart_postgres()
    for name in ("worker", "beat"):
        skew(stack, name, f"{hours:+}h")
    return datetime.now(UTC) + timedelta(hours=hours)


def skew(stack: ServiceStack, name: str, by: str) -> None:
    """Restart one service with its clock shifted by `by`, such as -10m."""
    if name in stack.processes:
        stack.terminate(name)
    stack.start(name, **_faketime(by))
    stack.false_clocks.add(name)


@contextmanager
def skewed_clock(by: str) -> Iterator[None]:
    """Processes that are started in the block have a clock shifted by `by`."""
    before = dict(os.environ)
    os.environ |= _faketime(by)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ |= before


def _faketime(by: str) -> dict[str, str]:
    return {"LD_PRELOAD": str(FAKETIME), "FAKETIME": by, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}


@contextmanager
def pooler(stack: ServiceStack) -> Iterator[str]:
    """Run a pgbouncer in transaction mode in front of the stack's database for the block; yield its address."""
    port = free_port()
    settings = stack.folder / "pgbouncer.ini"
    settings.write_text(
        f"[databases]\nperennial = host={stack.servers.postgres_dir} dbname=perennial user=postgres\n"
        f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any\n"
        "pool_mode = transaction\ndefault_pool_size = 4\nmax_client_conn = 100\n"
    )
    user = ["-u", stack.servers.postgres_dir.owner()] if os.geteuid() == 0 else []
    process = subprocess.Popen(["pgbouncer", "-q", *user, str(settings)], stderr=subprocess.DEVNULL)
    try:
        until(lambda: accepts(port), "the pooler accepts connections")
        yield f"postgres://postgres@127.0.0.1:{port}/perennial"
    finally:
        process.kill()
        process.wait()
