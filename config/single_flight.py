"""A check that anybody may ask for, made by one thread of a process at a time."""

import math
import time
from collections.abc import Callable
from functools import wraps
from threading import Lock

Checks = dict[str, bool]
STALE = 1  # seconds after which a check that goes on says that something hangs


def one_at_a_time(check: Callable[[], Checks], unknown: Checks) -> Callable[[], Checks]:
    """`check`, but that whoever asks while another does waits for nothing.

    They get the last result, and `unknown` before there is any or when the check has been going on for STALE seconds: a
    server that is away keeps it waiting for seconds, and many callers would hold every thread of the process.
    """
    asking, last, began = Lock(), [unknown], [math.inf]

    @wraps(check)
    def asked() -> Checks:
        if not asking.acquire(blocking=False):
            return last[0] if time.monotonic() - began[0] < STALE else unknown
        try:
            began[0] = time.monotonic()
            last[0] = check()
            return last[0]
        finally:
            # The next check is not to be taken for a stale one before its time is noted.
            began[0] = math.inf
            asking.release()

    return asked
