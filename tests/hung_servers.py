"""Makes servers hang: their stopped processes accept connections and never answer. Called by tests/test_hung_servers.py."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil


@contextmanager
def hung(pid_file: Path) -> Iterator[None]:
    """Stop the server that the pid file names, and its children, for the block."""
    server = psutil.Process(int(pid_file.read_text().split()[0]))
    server.suspend()  # first, so that it starts no other child
    stopped = [server]
    for child in server.children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # it ended meanwhile
            child.suspend()
            stopped.append(child)
    try:
        yield
    finally:
        for process in stopped:
            process.resume()
