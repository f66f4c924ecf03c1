"""Makes servers hang: their stopped processes accept connections and never answer. Called by tests/test_hung_servers.py."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import requests

from tests.service_stack import ServiceStack


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


def longest_wait(stack: ServiceStack, until: threading.Event) -> float:
    """The longest response time of `/healthz` in seconds, requested repeatedly until the event is set."""
    longest = 0.0
    while not until.wait(0.05):
        started = time.monotonic()
        assert requests.get(f"{stack.url}/healthz", timeout=60).ok
        longest = max(longest, time.monotonic() - started)
    return longest
