"""Transactions that commit without waiting for the disk. Planning, delivery and bulk changes use them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.db import connection, transaction

from interactions.locks import lock_profiles


@contextmanager
def async_commit(lock_timeout: str = "0", profiles: Sequence[int] = ()) -> Iterator[None]:
    """A transaction with synchronous_commit off and PostgreSQL's `lock_timeout`, such as "30s" ("0": no limit).

    The profiles are locked first, if any.

    A crash of the database may lose the whole transaction, so use it only for work that the next run repeats then.
    Inside another transaction it changes no setting, as that transaction may need a durable commit.
    """
    is_outermost = not connection.in_atomic_block
    options = {"synchronous_commit": "off", "lock_timeout": lock_timeout} if is_outermost else {}
    with transaction.atomic():
        if profiles:
            lock_profiles(profiles, options)
        elif options:
            with connection.cursor() as cursor:
                cursor.execute(_SET_OPTIONS, list(options.values()))
        yield


_SET_OPTIONS = "SELECT set_config('synchronous_commit', %s, true), set_config('lock_timeout', %s, true)"
