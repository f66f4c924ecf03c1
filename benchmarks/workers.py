"""Processes that share the work of `many_users` and `cleanup`: each sets Django up before it imports the product."""

import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context

import django
from django.conf import settings

_barrier = None


@contextmanager
def processes(number: int) -> Iterator[ProcessPoolExecutor]:
    """A pool of `number` new processes; jobs must be functions of a module."""
    context = get_context("spawn")
    with ProcessPoolExecutor(number, context, _set_up, (context.Barrier(number),)) as pool:
        yield pool


def _set_up(barrier) -> None:
    global _barrier
    _barrier = barrier
    sys.stderr = (settings.DATA_DIR / "workers.log").open("a")
    django.setup()


def wait_for_the_others() -> None:
    """Return when every process of the pool has called this, so that each runs one job and all start at once."""
    _barrier.wait()
