"""Prometheus counters that web and worker processes share, in files of the data folder.

Each process writes to a slot of its own, the lowest that nobody holds. A slot outlives its process, so counts go on after
a restart and there are never more files than processes at one time.
"""

import fcntl
import os
from itertools import count
from pathlib import Path

from prometheus_client import CollectorRegistry, multiprocess, values


class Slots:
    """The number of this process among those that run; a forked child takes another."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pid = 0

    def __call__(self) -> int:
        if self.pid != os.getpid():
            self.pid, (self.number, self._held) = os.getpid(), self._take()
        return self.number

    def _take(self) -> tuple[int, object]:
        for number in count():
            lock = (self.folder / f"slot-{number}.lock").open("w")
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.close()
            else:
                return number, lock
        raise AssertionError("numbers do not end")


def share(folder: Path) -> None:
    """Keep every counter made from now on in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
    values.ValueClass = values.MultiProcessValue(Slots(folder))


def shared_registry(folder: Path) -> CollectorRegistry:
    """What all processes have counted."""
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry, str(folder))
    return registry
