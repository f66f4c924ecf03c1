"""Helpers that run services of the Procfile, for benchmarks. Imports nothing of `tests`, which replaces the environment."""

import socket
import time
from collections.abc import Callable

import requests
from honcho.environ import parse_procfile

from config.environment import BASE_DIR

PROCFILE = parse_procfile((BASE_DIR / "Procfile").read_text()).processes


def until(condition: Callable[[], object], what: str, seconds: float = 90) -> None:
    """Return as soon as `condition` holds; raise TimeoutError that names `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {seconds} s")
        time.sleep(0.1)


def answers(url: str) -> bool:
    """Whether a GET succeeds."""
    try:
        return requests.get(url, timeout=2).ok
    except requests.RequestException:
        return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
