"""Single flight for health checks: concurrent callers in a process share one run. Called by `config/health.py`."""

import math
import time
from collections.abc import Callable
from functools import wraps
from threading import Lock

Checks = dict[str, bool]
STALE_SECONDS = 1  # a check that has run longer waits for a server that hangs


def single_flight(check: Callable[[], Checks], unknown: Checks) -> Callable[[], Checks]:
    """Wrap `check` so that at most one thread runs it; other callers return at once, without waiting.

    They get the last result, or `unknown` when there is none yet or the running check has taken STALE_SECONDS. Without
    this, a server that hangs would keep every thread of the process waiting for seconds.
    """
    running, last_result, started_at = Lock(), [unknown], [math.inf]

    @wraps(check)
    def run_or_reuse() -> Checks:
        if not running.acquire(blocking=False):
            return last_result[0] if time.monotonic() - started_at[0] < STALE_SECONDS else unknown
        try:
            started_at[0] = time.monotonic()
            last_result[0] = check()
            return last_result[0]
        finally:
            started_at[0] = math.inf  # otherwise the next check would look stale until it sets its own time
            running.release()

    return run_or_reuse
