"""Changes and deletes many rows in small transactions, so that locks are short. Retention, removal and reset use it."""

from array import array
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import NamedTuple

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Model, QuerySet

from interactions.async_commit import async_commit
from interactions.models import Content, Interaction
from interactions.threads.moving import move_rows
from interactions.threads.recomputing import recompute, recompute_or_delete

ROWS_PER_TRANSACTION = 250
LOCK_TIMEOUT = "30s"


class _Rows(NamedTuple):
    """Rows of one table: the SQL condition for them, and its parameters."""

    table: str
    condition: str
    parameters: tuple[object, ...]


class _BatchStatement(NamedTuple):
    """What to do with a batch: SQL for a WITH clause, whose last part is named `changed`. Its last parameter is the batch's keys.

    `follow` is called with the values of the SQL expressions in `returns`, in the same transaction.
    """

    sql: str
    parameters: tuple[object, ...]
    returns: tuple[str, ...] = ()
    follow: Callable[..., object] = lambda: None


_THREADS_OF_CHANGED = "coalesce(array_agg(DISTINCT thread_id) FILTER (WHERE thread_id IS NOT NULL), '{}')"


def do_nothing() -> None:
    """The default for `before_batch`."""


def update_in_batches(
    rows: QuerySet, assignments: str, parameters: Sequence[object], profiles: Sequence[int], now: datetime
) -> int:
    """Set columns of `rows`, which join no other table, by SQL assignments; return how many rows were changed.

    Newest first, in transactions of ROWS_PER_TRANSACTION. The threads of interactions are computed anew as of `now`. The
    keys are read once, so rows that are added later do not prolong the run; each batch skips the keys that are no longer
    in `rows`. `profiles` are locked in each transaction, so that no ingest writes to their rows meanwhile. Raises
    OperationalError when a lock takes longer than LOCK_TIMEOUT.
    """

    def update(chosen: _Rows) -> _BatchStatement:
        statement = _BatchStatement(
            f"changed AS (UPDATE {chosen.table} SET {assignments} WHERE {chosen.condition} AND id = ANY(%s)"
            f" RETURNING {_returned(rows.model)})",
            (*parameters, *chosen.parameters),
        )
        if rows.model is not Interaction:
            return statement
        return statement._replace(
            returns=(_THREADS_OF_CHANGED,), follow=lambda threads: recompute(threads, now)
        )

    return _change_in_batches(rows, update, profiles)


def delete_in_batches(
    rows: QuerySet, profiles: Sequence[int] = (), before_batch: Callable[[], object] = do_nothing
) -> int:
    """Delete `rows` in batches as `update_in_batches`, and set references to them to NULL; return how many were deleted.

    `before_batch` is called before each transaction. Threads are not computed anew: see `purge_interactions`.
    """
    return _change_in_batches(rows, partial(_deletion, rows.model), profiles, before_batch)


def purge_interactions(rows: QuerySet, profiles: Sequence[int], now: datetime) -> int:
    """Delete the interactions, and compute their threads and those of their replies anew; return how many were deleted."""

    def follow(threads: list[int], replies: list[int]) -> None:
        move_rows(replies, now)
        recompute_or_delete(threads, now)

    def purge(chosen: _Rows) -> _BatchStatement:
        returns = (_THREADS_OF_CHANGED, "ARRAY(SELECT id FROM cleared)")
        return _deletion(Interaction, chosen)._replace(returns=returns, follow=follow)

    return _change_in_batches(rows, purge, profiles)


def _change_in_batches(
    rows: QuerySet,
    statement_for: Callable[[_Rows], _BatchStatement],
    profiles: Sequence[int],
    before_batch: Callable[[], object] = do_nothing,
) -> int:
    try:
        chosen = _read_conditions(rows)
    except EmptyResultSet:  # a filter of `rows` that nothing can match
        return 0
    statement = statement_for(chosen)
    sql = f"WITH {statement.sql} SELECT {', '.join(('count(*)', *statement.returns))} FROM changed"
    keys = _keys(chosen)
    changed = 0
    for start in range(0, len(keys), ROWS_PER_TRANSACTION):
        before_batch()
        batch = keys[start : start + ROWS_PER_TRANSACTION].tolist()
        with async_commit(LOCK_TIMEOUT, profiles), connection.cursor() as cursor:
            cursor.execute(sql, [*statement.parameters, batch])
            number, *returned = cursor.fetchone()
            statement.follow(*returned)
            changed += number
    return changed


def _read_conditions(rows: QuerySet) -> _Rows:
    """The conditions of the rows; raises EmptyResultSet for a filter that nothing can match."""
    query = rows.query
    if query.is_sliced or sum(map(bool, query.alias_refcount.values())) > 1:
        raise ValueError("The rows must be those of one table that match conditions.")
    sql, parameters = query.get_compiler(connection.alias).compile(query.where)
    return _Rows(rows.model._meta.db_table, sql or "true", tuple(parameters))


def _keys(rows: _Rows) -> array:
    """The keys of the rows, the greatest first, in eight bytes each."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id FROM {rows.table} WHERE {rows.condition} ORDER BY id DESC", rows.parameters
        )
        return array("q", (key for (key,) in cursor))


def _deletion(model: type[Model], rows: _Rows) -> _BatchStatement:
    return _BatchStatement(
        f"chosen (id) AS MATERIALIZED (SELECT id FROM {rows.table} WHERE {rows.condition} AND id = ANY(%s)"
        f" LIMIT {ROWS_PER_TRANSACTION}), {_CLEARED.get(model, '')}"
        f"changed AS (DELETE FROM {rows.table} WHERE id IN (SELECT id FROM chosen) RETURNING {_returned(model)})",
        rows.parameters,
    )


def _returned(model: type[Model]) -> str:
    """The columns of a changed row that `changed` has."""
    return "id, thread_id" if model is Interaction else "id"


_CLEARED = {  # sets the references to deleted rows to NULL
    Content: "cleared AS (UPDATE interactions_interaction SET content_id = NULL"
    " WHERE content_id IN (SELECT id FROM chosen) RETURNING thread_id),"
    " cleared_threads AS (UPDATE interactions_thread SET content_id = NULL"
    " WHERE id IN (SELECT thread_id FROM cleared) AND content_id IN (SELECT id FROM chosen)), ",
    Interaction: "cleared AS (UPDATE interactions_interaction SET parent_id = NULL"
    " WHERE parent_id IN (SELECT id FROM chosen) AND id NOT IN (SELECT id FROM chosen) RETURNING id), ",
}
