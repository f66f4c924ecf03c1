"""Makes servers hang: their stopped processes accept connections and never answer. Called by tests/test_hung_servers.py."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil


@contextmanager
def hung(pid_file: Path) -> Iterator[None]:
    """Stop the server that the pid file names, and its children, for the block."""
    server = psutil.Process(int(pid_file.read_text().split()[0]))
    stopped = [server, *server.children(recursive=True)]
    for process in stopped:
        process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        for process in stopped:
            os.kill(process.pid, signal.SIGCONT)
