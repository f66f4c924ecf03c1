"""`manage.py up` and `manage.py down`: run the servers and all services in one terminal, and stop them.

`config/run_lock.py` allows one run per data folder, `config/supervisor.py` runs the services.
"""

import os
import re
import signal
import socket
import sys
import threading
import time
from pathlib import Path

import psutil
from django.conf import settings
from django.db import connection
from honcho.environ import parse_procfile

from accounts.models import User
from config import bootstrap
from config.run_lock import (
    RUN_STOP_SECONDS,
    RUN_VARIABLE,
    CannotStart,
    end_leftover_services,
    run_lock,
    running_up,
)
from config.supervisor import STOP_SIGNALS, Supervisor
from demo.lifecycle import transitions
from demo.models import DemoAccount, State
from demo.progress import progress_of
from interactions.clock import now
from interactions.db_errors import DATABASE_UNAVAILABLE

NAME = PASSWORD = "demo"  # of the development user
# Variables that the command lines of Celery and gunicorn read beside their arguments. They were set for other projects.
COMMAND_LINE_VARIABLES = re.compile(
    "(CELERY|CELERYD|CELERYBEAT|GUNICORN|KOMBU)_.*|BROKER_URL|RESULT_BACKEND|LOADER|CONFIG_MODULE|APP|SKIP_CHECKS"
    "|NO_COLOR|LISTEN_FDS|LISTEN_PID|NOTIFY_SOCKET|MP_LOG|REMAP_SIGTERM|PICKLE_PROTOCOL"
)


def up() -> None:
    """Run until one of STOP_SIGNALS. Raises CannotStart when the port or the data folder is in use."""
    for number in STOP_SIGNALS:
        signal.signal(number, _exit)  # until the supervisor handles them
    with run_lock():
        _check_port(settings.PORT)
        started = bootstrap.ensure_servers()
        try:
            bootstrap.migrate()
            _run_services()
        finally:
            if started:
                settings.SERVERS.stop()


def down() -> bool:
    """Stop the data folder's `up`, services that a killed one left, and the servers; return whether anything ran."""
    process = running_up()
    if process:
        process.send_signal(signal.SIGTERM)
        psutil.wait_procs([process], timeout=RUN_STOP_SECONDS)
    ended_leftovers = end_leftover_services()
    return settings.SERVERS.stop() or ended_leftovers or process is not None


def _exit(*_: object) -> None:
    sys.exit(0)


def _check_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise CannotStart(f"Port {port} is in use. Choose another, such as PORT={port + 1}.") from error


def _run_services() -> None:
    account = _development_demo() if settings.DEVELOPMENT else None
    sys.stdout.reconfigure(errors="backslashreplace")  # manage.py does it, but other programs may call `up`
    supervisor = Supervisor(ServerMonitor().restart_ended)
    for name, command in services().items():
        supervisor.add_process(name, command, env=_environment(), cwd=str(settings.BASE_DIR))
    threading.Thread(target=_announce, args=[account], daemon=True).start()
    supervisor.loop()


class ServerMonitor:
    """Restarts embedded servers that have ended. While all run, a call costs two look-ups of processes."""

    def __init__(self) -> None:
        self._known = self._processes()

    def restart_ended(self) -> list[str]:
        """Return the names of the servers that were restarted since the last call, by this call or by a service."""
        found = self._processes()
        if None in found.values():
            bootstrap.ensure_servers()
            found = self._processes()
        restarted = [name for name in found if found[name] not in (self._known[name], None)]
        self._known |= {name: found[name] for name in restarted}
        return restarted

    @staticmethod
    def _processes() -> dict[str, psutil.Process | None]:
        return settings.SERVERS.processes(**settings.EMBEDDED)


def services() -> dict[str, str]:
    """The command line of each service of the Procfile; not `release`, as `up` has applied the migrations."""
    processes = parse_procfile((settings.BASE_DIR / "Procfile").read_text()).processes
    return {name: f"exec {command}" for name, command in processes.items() if name != "release"}


def _environment() -> dict[str, str]:
    inherited = {
        name: value for name, value in os.environ.items() if not COMMAND_LINE_VARIABLES.fullmatch(name)
    }
    return inherited | {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
        "PYTHONUNBUFFERED": "1",
        "PYTHONUTF8": "1",  # the supervisor decodes their output as UTF-8
        "PYTHONIOENCODING": "utf-8",
        "PYTHONWARNINGS": "ignore",
        RUN_VARIABLE: str(settings.DATA_DIR),
    }


def _development_demo() -> DemoAccount:
    """The demo of the development user. Both are created when missing; a demo that was switched off stays off."""
    user = User.objects.filter(username=NAME).first()
    if user is None:
        user = User.objects.create_superuser(NAME, password=PASSWORD)
        return transitions.enable(user, now()).account
    return DemoAccount.objects.filter(user=user).first() or transitions.enable(user, now()).account


def _announce(account: DemoAccount | None) -> None:
    """Print the address, then the progress of `account` until its demo is active. Runs in a thread."""
    _wait_for_web()
    print(f"\n  Perennial is at http://127.0.0.1:{settings.PORT}/", flush=True)
    if account is None:
        return
    print(f"  Log in as {NAME} with the password {PASSWORD}. Ctrl-C stops everything.\n", flush=True)
    printed = ""
    while True:
        try:
            account.refresh_from_db()
            line = f"  Demo mode is {account.state}: {progress_of(account).text}"
        except DATABASE_UNAVAILABLE:
            connection.close()
            time.sleep(1)
            continue
        if line != printed:
            print(line, flush=True)
            printed = line
        if account.state != State.ENABLING:
            return
        time.sleep(0.5)


def _wait_for_web() -> None:
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", settings.PORT)) == 0:
                return
        time.sleep(0.1)
