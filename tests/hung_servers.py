"""Servers that hang: their processes are stopped, so that they take connections and answer nothing."""

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
    """The server that the file names, and its children, do nothing meanwhile."""
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
    """Seconds that the slowest answer of `/healthz` took while it was asked again and again until the event."""
    longest = 0.0
    while not until.wait(0.05):
        began = time.monotonic()
        assert requests.get(f"{stack.url}/healthz", timeout=60).ok
        longest = max(longest, time.monotonic() - began)
    return longest
