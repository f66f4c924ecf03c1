"""Ways to break a stack: its broker, its disk, its database, its clock."""

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
    """End the broker as a crash does, and its disk with it."""
    os.kill(int((stack.servers.valkey_dir / "valkey.pid").read_text()), signal.SIGKILL)
    until(lambda: not stack.servers.valkey_runs(), "the broker is dead")
    shutil.rmtree(stack.servers.valkey_dir)


@contextmanager
def small_disk(folder: Path, kilobytes: int) -> Iterator[None]:
    """A small file system of its own at `folder`."""
    folder.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k,mode=755", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("nobody may mount a file system here")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """Write a file until nothing more fits."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as stream:
        try:
            while True:
                stream.write(b"x" * 4096)
        except OSError:
            return filler


def refusal(stack: ServiceStack) -> str:
    """What the broker says to a write; empty when it takes it."""
    with stack.broker() as broker:
        try:
            broker.set("bad-day", "x" * 1_000)
        except redis.RedisError as error:
            return str(error)
    return ""


@contextmanager
def connections_exhausted(stack: ServiceStack) -> Iterator[None]:
    """Hold every connection that PostgreSQL gives, those of the services too."""
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
    """Give database, worker and beat a clock that is off by so many hours; return what time it is to them."""
    with skewed_clock(f"{hours:+}h"):
        stack.servers.restart_postgres()
    for name in ("worker", "beat"):
        skew(stack, name, f"{hours:+}h")
    return datetime.now(UTC) + timedelta(hours=hours)


def skew(stack: ServiceStack, name: str, by: str) -> None:
    """Restart one service with a clock that differs from all others by so much, such as -10m."""
    if name in stack.processes:
        stack.terminate(name)
    stack.start(name, **_false(by))
    stack.false_clocks.add(name)


@contextmanager
def skewed_clock(by: str) -> Iterator[None]:
    """What is started meanwhile has the false clock."""
    before = dict(os.environ)
    os.environ |= _false(by)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ |= before


def _false(by: str) -> dict[str, str]:
    return {"LD_PRELOAD": str(FAKETIME), "FAKETIME": by, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}


@contextmanager
def pooler(stack: ServiceStack) -> Iterator[str]:
    """A pgbouncer in transaction mode before the stack's database; its address."""
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
        until(lambda: accepts(port), "the pooler takes connections")
        yield f"postgres://postgres@127.0.0.1:{port}/perennial"
    finally:
        process.kill()
        process.wait()
