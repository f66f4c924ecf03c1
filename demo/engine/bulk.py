"""Changes and deletes many rows in small transactions, so that locks are short. Retention, removal and reset use it."""

from array import array
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Model, QuerySet

from demo.engine.async_commit import async_commit
from interactions.models import Content, Interaction
from interactions.threads.moving import move_rows
from interactions.threads.recomputing import recompute_or_delete

ROWS_PER_TRANSACTION = 250
LOCK_TIMEOUT = "30s"


class BatchStatement(NamedTuple):
    """What to do with a batch: SQL for a WITH clause that reads `chosen (id)`, and whose last part is named `changed`.

    `follow` is called with the values of the SQL expressions in `returns`, in the same transaction.
    """

    sql: str
    parameters: tuple[object, ...] = ()
    returns: tuple[str, ...] = ()
    follow: Callable[..., object] = lambda: None


THREADS_OF_CHANGED = "array_agg(DISTINCT thread_id) FILTER (WHERE thread_id IS NOT NULL)"


def do_nothing() -> None:
    """The default for `before_batch`."""


def change_in_batches(
    rows: QuerySet,
    statement: BatchStatement,
    profiles: Sequence[int] = (),
    before_batch: Callable[[], object] = do_nothing,
) -> int:
    """Run `statement` on `rows`, newest first, in transactions of ROWS_PER_TRANSACTION; return how many rows it changed.

    The keys are read once, so rows that are added later do not prolong the run; each batch skips the keys that are no
    longer in `rows`. `profiles` are locked in each transaction, so that no ingest writes to their rows meanwhile.
    `before_batch` is called before each transaction. Raises OperationalError when a lock takes longer than LOCK_TIMEOUT.
    """
    try:
        selected, parameters = rows.order_by().values("pk").query.sql_with_params()
    except EmptyResultSet:  # a filter of `rows` that nothing can match
        return 0
    sql = (
        f"WITH chosen (id) AS MATERIALIZED (SELECT pk FROM ({selected}) selected WHERE pk = ANY(%s)"
        f" LIMIT {ROWS_PER_TRANSACTION}), {statement.sql}"
        f" SELECT {', '.join(('count(*)', *statement.returns))} FROM changed"
    )
    keys = _keys(selected, parameters)
    changed = 0
    for start in range(0, len(keys), ROWS_PER_TRANSACTION):
        before_batch()
        batch = keys[start : start + ROWS_PER_TRANSACTION].tolist()
        with async_commit(LOCK_TIMEOUT, profiles), connection.cursor() as cursor:
            cursor.execute(sql, [*parameters, batch, *statement.parameters])
            number, *returned = cursor.fetchone()
            statement.follow(*returned)
            changed += number
    return changed


def _keys(selected: str, parameters: tuple[object, ...]) -> array:
    """The keys that the query selects, the greatest first, in eight bytes each."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pk FROM ({selected}) selected ORDER BY pk DESC", parameters)
        return array("q", (key for (key,) in cursor))


def returned(model: type[Model]) -> str:
    """The columns of a changed row that `changed` must return."""
    return "id, thread_id" if model is Interaction else "id"


def delete_in_batches(
    rows: QuerySet, profiles: Sequence[int] = (), before_batch: Callable[[], object] = do_nothing
) -> int:
    """Delete `rows` as `change_in_batches` does, and set references to them to NULL; return how many were deleted.

    Threads are not computed anew: see `purge_interactions`.
    """
    return change_in_batches(rows, _deletion(rows.model), profiles, before_batch)


def purge_interactions(rows: QuerySet, profiles: Sequence[int], now: datetime) -> int:
    """Delete the interactions, and compute their threads and those of their replies anew; return how many were deleted."""

    def follow(threads: list[int] | None, replies: list[int] | None) -> None:
        move_rows(replies or [], now)
        recompute_or_delete(threads or [], now)

    returns = (THREADS_OF_CHANGED, "(SELECT array_agg(id) FROM cleared)")
    return change_in_batches(rows, _deletion(Interaction)._replace(returns=returns, follow=follow), profiles)


def _deletion(model: type[Model]) -> BatchStatement:
    return BatchStatement(
        f"{_CLEARED.get(model, '')}changed AS (DELETE FROM {model._meta.db_table} WHERE id IN (SELECT id FROM chosen)"
        f" RETURNING {returned(model)})"
    )


_CLEARED = {  # sets the references to deleted rows to NULL
    Content: "cleared AS (UPDATE interactions_interaction SET content_id = NULL"
    " WHERE content_id IN (SELECT id FROM chosen) RETURNING thread_id),"
    " cleared_threads AS (UPDATE interactions_thread SET content_id = NULL"
    " WHERE id IN (SELECT thread_id FROM cleared) AND content_id IN (SELECT id FROM chosen)), ",
    Interaction: "cleared AS (UPDATE interactions_interaction SET parent_id = NULL"
    " WHERE parent_id IN (SELECT id FROM chosen) AND id NOT IN (SELECT id FROM chosen) RETURNING id), ",
}
