"""`manage.py up` restarts what ended by itself, and stops everything when it is asked to."""

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg
import pytest

from config.embedded import Servers
from config.supervisor import Backoff
from tests.service_stack import PLAIN, answers, free_port, until
from tests.test_config import folder, prepared, run_up, services_of_up, stop_up  # noqa: F401  two are fixtures

VARIABLES_OF_OTHER_PROJECTS = {
    **dict.fromkeys(("CELERY_BROKER_URL", "CELERY_BROKER_READ_URL", "BROKER_URL"), "redis://127.0.0.1:1"),
    "CELERY_RESULT_BACKEND": "none-such://",
    "CELERY_WORKER_QUEUES": "theirs",
    "LOADER": "no.such:Loader",
    "GUNICORN_CMD_ARGS": "--bind 127.0.0.1:1",
    "SKIP_CHECKS": "some",
    "NO_COLOR": "please",
}


def test_the_backoff_doubles_up_to_30_seconds_and_restarts_after_a_minute_of_running():
    backoff = Backoff()
    assert [backoff.next("web", 0) for _ in range(7)] == [1, 2, 4, 8, 16, 30, 30]
    assert (backoff.next("worker", 0), backoff.next("web", 59), backoff.next("web", 60)) == (1, 30, 1)


@pytest.mark.long
@pytest.mark.fault_injection
def test_up_restarts_what_was_killed_and_stops_with_exit_code_0(prepared):  # noqa: F811
    port, log, servers = free_port(), prepared / "log", Servers(prepared / "data")
    variables = VARIABLES_OF_OTHER_PROJECTS | {"PYTHONIOENCODING": "latin-1", "PYTHONUTF8": "0"}
    up = run_up(
        log, PLAIN | variables | {"DATA_DIR": str(prepared / "data"), "PORT": str(port)}, "-m", "django"
    )
    try:
        until(
            lambda: "Demo mode is active" in log.read_text("latin-1"),
            "all services use the embedded broker",
            90,
        )
        break_a_schedule(prepared, "café-名")
        until(
            lambda: "The schedule 'café-\\u540d' is not run" in log.read_text("latin-1"),
            "characters outside of Latin-1 are escaped",
            20,
        )
        for name in ("worker", "beat", "web"):
            main_process(prepared, name).kill()
            until(lambda name=name: started(log, name) == 2, f"{name} is restarted", 20)
        kill_servers(servers, log)
        until(lambda: answers(f"http://127.0.0.1:{port}/readyz"), "/readyz answers 200", 90)
        worker = main_process(prepared, "worker")
        worker.parent().kill()
        until(
            lambda: main_processes(prepared, "worker") not in ([], [worker]),
            "a worker without a reader is restarted",
            40,
        )
    finally:
        code = stop_up(up)
    assert code == 0
    logged = [line.split("| ")[1] for line in log.read_text("latin-1").splitlines() if "by itself" in line]
    assert logged[:3] == [
        f"{name} ended by itself (exit code -9); it is restarted in 1 s" for name in ("worker", "beat", "web")
    ]
    assert logged[3].startswith("Valkey ended by itself and was restarted; the next check is in ")
    assert services_of_up(prepared) == []
    assert (servers.valkey_runs(), servers.postgres_runs()) == (False, False)


def break_a_schedule(root: Path, name: str) -> None:
    """Rename a schedule and make it invalid, so that beat logs the name."""
    entry = Servers(root / "data").database
    with psycopg.connect(dbname=entry["NAME"], user=entry["USER"], host=entry["HOST"]) as connection:
        rename = (
            "UPDATE django_celery_beat_periodictask SET name = %s, headers = '[]' WHERE name LIKE '%%cleanup'"
        )
        connection.execute(f"{rename} AND task LIKE 'demo%%'", [name])
        connection.execute("UPDATE django_celery_beat_periodictasks SET last_update = now()")


def kill_servers(servers: Servers, log: Path) -> None:
    """Kill the broker, then the broker and the database at once; return when both run again each time."""
    kill(servers.valkey_dir / "valkey.pid")  # either the supervisor or a starting service restarts it
    until(lambda: "and was restarted" in log.read_text("latin-1"), "the restart is logged", 20)
    for pid_file in (servers.valkey_dir / "valkey.pid", servers.postgres_dir / "postmaster.pid"):
        kill(pid_file)
    time.sleep(1)
    until(lambda: servers.valkey_runs() and servers.postgres_runs(), "both servers run again", 40)


def kill(pid_file: Path) -> None:
    os.kill(int(pid_file.read_text().split()[0]), signal.SIGKILL)


def main_process(root: Path, name: str) -> psutil.Process:
    """The service's main process; waits for it, as a service that ended is restarted only after a backoff."""
    [found] = until(lambda: main_processes(root, name), f"{name} runs", 40)
    return found


def main_processes(root: Path, name: str) -> list[psutil.Process]:
    """The service's main process, which leads a process group; none while the service is restarted."""
    argument = {"web": "config.wsgi"}.get(name, name)
    found = []
    for process in services_of_up(root):
        with suppress(psutil.Error, ProcessLookupError):
            if argument in process.cmdline() and os.getpgid(process.pid) == process.pid:
                found.append(process)
    return found


def started(log: Path, name: str) -> int:
    return log.read_text("latin-1").count(f"| {name} started (pid=")
