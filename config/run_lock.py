"""Allows one `manage.py up` per data folder, and finds and ends what a killed one left running.

Called by `config/up.py`. The lock file, `up.pid`, contains the process id of the running `up`.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import psutil
from django.conf import settings

RUN_STOP_SECONDS = 30  # for `up` to end, or the services that a killed one left
LOCK_SECONDS = 2  # services of a killed `up` inherit its lock, and hold it for a moment longer
# In the environment of every service that `up` starts: the path of the data folder.
RUN_VARIABLE = "PERENNIAL_RUN"


class CannotStart(Exception):
    """The message says what prevents the start and what to do."""


@contextmanager
def run_lock() -> Iterator[None]:
    """Hold the lock of the data folder in the block. Raises CannotStart when another `up` holds it."""
    settings.DATA_DIR.mkdir(parents=True, exist_ok=True)
    with _pid_file().open("a+") as pid_file:
        if running_up() is None:
            end_leftover_services()
        if not _try_lock(pid_file):
            raise CannotStart(
                f"`manage.py up` already runs for {settings.DATA_DIR}. Type `manage.py down` to stop it."
            )
        pid_file.truncate(0)
        pid_file.write(str(os.getpid()))
        pid_file.flush()
        try:
            yield
        finally:
            pid_file.truncate(0)


def running_up() -> psutil.Process | None:
    """The process named by the pid file; None if it has ended, also when another process has got its number since."""
    try:
        process = psutil.Process(int(_pid_file().read_text()))
        return process if "up" in process.cmdline() else None
    except (OSError, ValueError, psutil.Error):
        return None


def end_leftover_services() -> bool:
    """End the services of an `up` that was killed; return whether there were any."""
    leftovers = [process for process in psutil.process_iter() if _was_started_by_up(process)]
    for process in leftovers:
        process.terminate()
    for process in psutil.wait_procs(leftovers, timeout=RUN_STOP_SECONDS)[1]:
        process.kill()
    return bool(leftovers)


def _was_started_by_up(process: psutil.Process) -> bool:
    try:
        return process.environ().get(RUN_VARIABLE) == str(settings.DATA_DIR)
    except psutil.Error:
        return False


def _try_lock(file: TextIO) -> bool:
    """Lock the file within LOCK_SECONDS; return whether that succeeded."""
    deadline = time.monotonic() + LOCK_SECONDS
    while time.monotonic() < deadline:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            time.sleep(0.1)
    return False


def _pid_file() -> Path:
    return settings.DATA_DIR / "up.pid"
