"""Transactions that commit without waiting for the disk. Planning, delivery and bulk changes use them."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction


@contextmanager
def async_commit(lock_timeout: str = "0") -> Iterator[None]:
    """A transaction with synchronous_commit off and PostgreSQL's `lock_timeout`, such as "30s" ("0": no limit).

    A crash of the database may lose the whole transaction, so use it only for work that the next run repeats then.
    Inside another transaction it changes no setting, as that transaction may need a durable commit.
    """
    is_outermost = not connection.in_atomic_block
    with transaction.atomic():
        if is_outermost:
            with connection.cursor() as cursor:
                cursor.execute(_SET_OPTIONS, [lock_timeout])
        yield


_SET_OPTIONS = "SELECT set_config('synchronous_commit', 'off', true), set_config('lock_timeout', %s, true)"
