"""A check that anybody may ask for, made by one thread of a process at a time."""

from collections.abc import Callable
from functools import wraps
from threading import Lock

Checks = dict[str, bool]


def one_at_a_time(check: Callable[[], Checks], unknown: Checks) -> Callable[[], Checks]:
    """`check`, but that whoever asks while another does gets the last result, or `unknown` before there is any.

    A server that is away keeps a check waiting for seconds; many callers would hold every thread of the process.
    """
    asking, last = Lock(), [unknown]

    @wraps(check)
    def asked() -> Checks:
        if asking.acquire(blocking=False):
            try:
                last[0] = check()
            finally:
                asking.release()
        return last[0]

    return asked
