"""Measures the longest response time while something else goes on. Called by tests of slow clients, loads and hung servers."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import requests


def get_healthz(url: str) -> None:
    """Request `/healthz` over a new connection; it must respond 200 within 60 s."""
    assert requests.get(f"{url}/healthz", timeout=60).status_code == 200


def max_seconds(request: Callable[[], object], is_over: Callable[[], bool]) -> float:
    """The seconds of the longest call of `request`, which is called repeatedly until `is_over`."""
    longest = 0.0
    while not is_over():
        started = time.monotonic()
        request()
        longest = max(longest, time.monotonic() - started)
        time.sleep(0.05)
    return longest


def max_seconds_for(request: Callable[[], object], seconds: float) -> float:
    """The seconds of the longest call of `request`, which is called repeatedly for `seconds`."""
    end = time.monotonic() + seconds
    return max_seconds(request, lambda: time.monotonic() >= end)


def is_below(bound: float, measure: Callable[[], float]) -> bool:
    """Whether the shortest of up to three measurements in seconds is below `bound`.

    Tests that run beside this one only add to a measurement, so one below the bound is enough.
    """
    return any(measure() < bound for _ in range(3))


def max_seconds_during(request: Callable[[], object], load: Callable[[], object]) -> float:
    """The seconds of the longest call of `request` while `load` runs and for a second after it."""
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(load)
        longest = max(max_seconds(request, running.done), max_seconds_for(request, 1))
        running.result()
    return longest
