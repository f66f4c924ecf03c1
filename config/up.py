"""Everything in one terminal: servers, web, worker and beat, with prefixed logs, until Ctrl-C."""

import fcntl
import os
import re
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import psutil
from django.conf import settings
from django.db import connection
from honcho.environ import parse_procfile

from accounts.models import User
from config import bootstrap
from config.supervisor import STOP_SIGNALS, Supervisor
from demo.dashboard.progress import progress_of
from demo.lifecycle import transitions
from demo.models import DemoAccount, State
from interactions.clock import now
from interactions.db_errors import DATABASE_UNAVAILABLE

NAME = PASSWORD = "demo"  # of the development user
STOP_SECONDS = 30
# What Celery's and gunicorn's command lines read beside their arguments: it is meant for another project's services.
FOREIGN = re.compile(
    "(CELERY|CELERYD|CELERYBEAT|GUNICORN|KOMBU)_.*|BROKER_URL|RESULT_BACKEND|LOADER|CONFIG_MODULE|APP|SKIP_CHECKS"
    "|NO_COLOR|LISTEN_FDS|LISTEN_PID|NOTIFY_SOCKET|MP_LOG|REMAP_SIGTERM|PICKLE_PROTOCOL"
)
RUN = "PERENNIAL_RUN"  # names the data folder in the environment of what `up` started


class CannotStart(Exception):
    """The message says what is in the way and what to do."""


def up() -> None:
    """Run everything until it is asked to stop; raises CannotStart when the port or the data folder is taken."""
    for number in STOP_SIGNALS:
        signal.signal(number, _leave)  # while it starts
    with _only_one(settings.DATA_DIR):
        _check_port(settings.PORT)
        started = bootstrap.ensure_servers()
        try:
            bootstrap.ensure_ready()
            bootstrap.migrate()
            _run()
        finally:
            if started:
                settings.SERVERS.stop()


def _leave(*_: object) -> None:
    sys.exit(0)


def down() -> bool:
    """Stop an `up` that runs for the data folder, what it left, and the servers; return whether anything ran."""
    process = _running_up()
    if process:
        process.send_signal(signal.SIGTERM)
        psutil.wait_procs([process], timeout=STOP_SECONDS)
    left = _end_leftovers()
    return settings.SERVERS.stop() or left or process is not None


def _end_leftovers() -> bool:
    """End the services of an `up` that was killed; return whether there were any."""
    left = [process for process in psutil.process_iter() if _belongs_to_a_run(process)]
    for process in left:
        process.terminate()
    for process in psutil.wait_procs(left, timeout=STOP_SECONDS)[1]:
        process.kill()
    return bool(left)


def _belongs_to_a_run(process: psutil.Process) -> bool:
    try:
        return process.environ().get(RUN) == str(settings.DATA_DIR)
    except psutil.Error:
        return False


def _run() -> None:
    account = _development_demo() if settings.DEVELOPMENT else None
    sys.stdout.reconfigure(errors="backslashreplace")  # however `up` was called, as manage.py does it
    manager = Supervisor(bootstrap.Keeper())
    environment = {name: value for name, value in os.environ.items() if not FOREIGN.fullmatch(name)} | {
        "PYTHONUNBUFFERED": "1",
        "PYTHONUTF8": "1",  # the supervisor reads their lines as UTF-8, whatever the terminal speaks
        "PYTHONIOENCODING": "utf-8",
        "PYTHONWARNINGS": "ignore",
        RUN: str(settings.DATA_DIR),
    }
    environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    for name, command in commands().items():
        manager.add_process(name, command, env=environment, cwd=str(settings.BASE_DIR))
    threading.Thread(target=_announce, args=[account], daemon=True).start()
    manager.loop()


def commands() -> dict[str, str]:
    """The services of the Procfile, each a command line; `release` has been done when they start."""
    services = parse_procfile((settings.BASE_DIR / "Procfile").read_text()).processes
    return {name: f"exec {command}" for name, command in services.items() if name != "release"}


def _development_demo() -> DemoAccount:
    """The user of the development server, with demo mode on, made when missing; it is switched on once, ever."""
    user = User.objects.filter(username=NAME).first()
    if user is None:
        user = User.objects.create_superuser(NAME, password=PASSWORD)
        return transitions.enable(user, now()).account
    return DemoAccount.objects.filter(user=user).first() or transitions.enable(user, now()).account


def _announce(account: DemoAccount | None) -> None:
    _wait_for_web()
    print(f"\n  Perennial is at http://127.0.0.1:{settings.PORT}/", flush=True)
    if account is None:
        return
    print(f"  Log in as {NAME} with the password {PASSWORD}. Ctrl-C stops everything.\n", flush=True)
    shown = ""
    while True:
        try:
            account.refresh_from_db()
            line = f"  Demo mode is {account.state}: {progress_of(account).text}"
        except DATABASE_UNAVAILABLE:
            connection.close()
            time.sleep(1)
            continue
        if line != shown:
            print(line, flush=True)
            shown = line
        if account.state != State.ENABLING:
            return
        time.sleep(0.5)


def _wait_for_web() -> None:
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", settings.PORT)) == 0:
                return
        time.sleep(0.1)


def _check_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise CannotStart(
                f"Port {port} is taken. Start it with another, such as PORT={port + 1}."
            ) from error


@contextmanager
def _only_one(data_dir: Path) -> Iterator[None]:
    """Hold the data folder's lock for this run, with its process id in it."""
    data_dir.mkdir(parents=True, exist_ok=True)
    with _pid_file(data_dir).open("a+") as handle:
        if _running_up() is None:
            _end_leftovers()
        if not _lock(handle):
            raise CannotStart(f"It runs already for {data_dir}. Type `manage.py down` to stop it.")
        handle.truncate(0)
        handle.write(str(os.getpid()))
        handle.flush()
        try:
            yield
        finally:
            handle.truncate(0)


def _lock(handle: TextIO) -> bool:
    """Take the lock, which what a killed `up` left holds for a moment longer; False when it stays taken."""
    deadline = time.monotonic() + 2
    while time.monotonic() < deadline:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            time.sleep(0.1)
    return False


def _running_up() -> psutil.Process | None:
    """The process that the pid file names, unless it is gone or its number now names something else."""
    try:
        process = psutil.Process(int(_pid_file(settings.DATA_DIR).read_text()))
        return process if "up" in process.cmdline() else None
    except (OSError, ValueError, psutil.Error):
        return None


def _pid_file(data_dir: Path) -> Path:
    return data_dir / "up.pid"
