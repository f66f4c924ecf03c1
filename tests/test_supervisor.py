"""`manage.py up` starts again what ended by itself, and stops all when it is asked to."""

import os
import signal
import time
from pathlib import Path

import psutil
import psycopg
import pytest

from config.embedded import Servers
from config.supervisor import Pauses
from tests.house import PLAIN, answers, free_port, until
from tests.test_config import end, folder, prepared, run_up, services  # noqa: F401  fixtures among them

OF_OTHER_PROJECTS = {
    **dict.fromkeys(("CELERY_BROKER_URL", "CELERY_BROKER_READ_URL", "BROKER_URL"), "redis://127.0.0.1:1"),
    "CELERY_RESULT_BACKEND": "none-such://",
    "CELERY_WORKER_QUEUES": "theirs",
    "LOADER": "no.such:Loader",
    "GUNICORN_CMD_ARGS": "--bind 127.0.0.1:1",
    "SKIP_CHECKS": "some",
    "NO_COLOR": "please",
}


def test_pauses_grow_to_half_a_minute_and_are_forgotten_after_a_good_minute():
    pauses = Pauses()
    assert [pauses.next("web", 0) for _ in range(7)] == [1, 2, 4, 8, 16, 30, 30]
    assert (pauses.next("worker", 0), pauses.next("web", 59), pauses.next("web", 60)) == (1, 30, 1)


@pytest.mark.long
@pytest.mark.bad_day
def test_up_starts_again_what_was_killed_and_ends_well(prepared):  # noqa: F811
    port, log = free_port(), prepared / "log"
    around = OF_OTHER_PROJECTS | {"PYTHONIOENCODING": "latin-1", "PYTHONUTF8": "0"}
    up = run_up(log, PLAIN | around | {"DATA_DIR": str(prepared / "data"), "PORT": str(port)}, "-m", "django")
    try:
        until(lambda: "Demo mode is active" in log.read_text("latin-1"), "all services use our broker", 90)
        spoil_a_schedule(prepared, "café-名")
        until(
            lambda: "The schedule 'café-\\u540d' is not run" in log.read_text("latin-1"),
            "what Latin-1 has not is escaped",
            20,
        )
        for name in ("worker", "beat", "web"):
            main_process(prepared, name).kill()
            until(lambda name=name: started(log, name) == 2, f"{name} is started again", 20)
        servers = Servers(prepared / "data")
        kill(servers.valkey_dir / "valkey.pid")  # a service that is still starting may be first to start it
        until(lambda: "it was started again" in log.read_text("latin-1"), "it is said", 20)
        for pid_file in (servers.valkey_dir / "valkey.pid", servers.postgres_dir / "postmaster.pid"):
            kill(pid_file)
        time.sleep(1)
        until(lambda: servers.valkey_runs() and servers.postgres_runs(), "both servers run again", 40)
        until(lambda: answers(f"http://127.0.0.1:{port}/readyz"), "all is ready", 90)
        before = started(log, "worker")
        main_process(prepared, "worker").parent().kill()
        until(
            lambda: started(log, "worker") > before, "a worker whose lines nobody reads is started again", 40
        )
    finally:
        code = end(up)
    assert code == 0
    said = [line.split("| ")[1] for line in log.read_text("latin-1").splitlines() if "by itself" in line]
    assert said[:3] == [
        f"{name} ended by itself (exit code -9); it is started again in 1 s"
        for name in ("worker", "beat", "web")
    ]
    assert said[3].startswith("a server had ended by itself; it was started again")
    assert services(prepared) == []
    assert (servers.valkey_runs(), servers.postgres_runs()) == (False, False)


def spoil_a_schedule(folder: Path, name: str) -> None:  # noqa: F811
    """Give a row another name, and what keeps beat from running it, which beat says."""
    entry = Servers(folder / "data").database
    with psycopg.connect(dbname=entry["NAME"], user=entry["USER"], host=entry["HOST"]) as connection:
        rename = (
            "UPDATE django_celery_beat_periodictask SET name = %s, headers = '[]' WHERE name LIKE '%%cleanup'"
        )
        connection.execute(f"{rename} AND task LIKE 'demo%%'", [name])
        connection.execute("UPDATE django_celery_beat_periodictasks SET last_update = now()")


def kill(pid_file: Path) -> None:
    os.kill(int(pid_file.read_text().split()[0]), signal.SIGKILL)


def main_process(folder: Path, name: str) -> psutil.Process:  # noqa: F811
    words = {"web": "config.wsgi"}
    [found] = [
        process
        for process in services(folder)
        if words.get(name, name) in process.cmdline() and os.getpgid(process.pid) == process.pid
    ]
    return found


def started(log: Path, name: str) -> int:
    return log.read_text("latin-1").count(f"| {name} started (pid=")
