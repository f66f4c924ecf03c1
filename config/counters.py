"""Prometheus counters summed over all web and worker processes that share DATA_DIR.

`config/apps.py` calls `share_between_processes`, `config/health.py` calls `shared_registry`. Each process writes to the
file of a numbered slot: the lowest that no running process holds. A new process reuses the slot of an ended one, so
counts continue after a restart, and there are at most as many files as there were processes at one time.
"""

import fcntl
import os
from itertools import count
from pathlib import Path

from prometheus_client import CollectorRegistry, multiprocess, values


class SlotNumber:
    """Returns this process's slot, locked until the process ends. A forked child takes a slot of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pid = 0

    def __call__(self) -> int:
        if self.pid != os.getpid():
            self.pid, (self.number, self._lock_file) = os.getpid(), self._lock_free_slot()
        return self.number

    def _lock_free_slot(self) -> tuple[int, object]:
        for number in count():
            lock_file = (self.folder / f"slot-{number}.lock").open("w")
            try:
                fcntl.flock(lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock_file.close()
            else:
                return number, lock_file
        raise AssertionError("unreachable")


def share_between_processes(folder: Path) -> None:
    """Store every counter that is created from now on in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
    values.ValueClass = values.MultiProcessValue(SlotNumber(folder))


def shared_registry(folder: Path) -> CollectorRegistry:
    """A registry that sums the counters of all processes."""
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry, str(folder))
    return registry
