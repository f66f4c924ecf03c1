"""Transactions of work that the next run does again when a crash takes it back."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction


@contextmanager
def async_commit(longest_wait: str = "0") -> Iterator[None]:
    """A transaction that does not wait for the disk, nor for any lock longer than `longest_wait` (0: for ever).

    What it writes and the note that it is done are one transaction, so that a crash of the database loses both or neither.
    Inside another transaction, which may promise more, it changes nothing.
    """
    inner = connection.in_atomic_block
    with transaction.atomic():
        if not inner:
            with connection.cursor() as cursor:
                cursor.execute(_MODEST, [longest_wait])
        yield


_MODEST = "SELECT set_config('synchronous_commit', 'off', true), set_config('lock_timeout', %s, true)"
