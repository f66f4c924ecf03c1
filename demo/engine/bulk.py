"""Changes and deletes many rows in small transactions, so that locks are short. Retention, removal and reset use it."""

from array import array
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Model, QuerySet
from django.db.models.sql.subqueries import UpdateQuery

from demo.engine.async_commit import async_commit
from interactions.models import Content, Interaction
from interactions.threads.moving import move_rows
from interactions.threads.recomputing import recompute, recompute_or_delete

ROWS_PER_TRANSACTION = 250
LOCK_TIMEOUT = "30s"


class _BatchStatement(NamedTuple):
    """What to do with a batch: SQL for a WITH clause, whose last part is named `changed`. Its last parameter is the batch's keys.

    `follow` is called with the values of the SQL expressions in `returns`, in the same transaction.
    """

    sql: str
    parameters: tuple[object, ...]
    returns: tuple[str, ...] = ()
    follow: Callable[..., object] = lambda: None


_THREADS_OF_CHANGED = "array_agg(DISTINCT thread_id) FILTER (WHERE thread_id IS NOT NULL)"


def do_nothing() -> None:
    """The default for `before_batch`."""


def update_in_batches(
    rows: QuerySet, values: Mapping[str, Any], profiles: Sequence[int], now: datetime
) -> int:
    """Set the fields of `rows` to the values, which may be expressions; return how many rows were changed.

    Newest first, in transactions of ROWS_PER_TRANSACTION. The threads of interactions are computed anew as of `now`. The
    keys are read once, so rows that are added later do not prolong the run; each batch skips the keys that are no longer
    in `rows`. `profiles` are locked in each transaction, so that no ingest writes to their rows meanwhile. Raises
    OperationalError when a lock takes longer than LOCK_TIMEOUT.
    """
    try:
        statement = _update(rows, values)
    except EmptyResultSet:  # a filter of `rows` that nothing can match
        return 0
    if rows.model is Interaction:
        follow = partial(_recompute_threads, now)
        statement = statement._replace(returns=(_THREADS_OF_CHANGED,), follow=follow)
    return _change_in_batches(rows, statement, profiles)


def delete_in_batches(
    rows: QuerySet, profiles: Sequence[int] = (), before_batch: Callable[[], object] = do_nothing
) -> int:
    """Delete `rows` in batches as `update_in_batches`, and set references to them to NULL; return how many were deleted.

    `before_batch` is called before each transaction. Threads are not computed anew: see `purge_interactions`.
    """
    try:
        return _change_in_batches(rows, _deletion(rows), profiles, before_batch)
    except EmptyResultSet:
        return 0


def purge_interactions(rows: QuerySet, profiles: Sequence[int], now: datetime) -> int:
    """Delete the interactions, and compute their threads and those of their replies anew; return how many were deleted."""

    def follow(threads: list[int] | None, replies: list[int] | None) -> None:
        move_rows(replies or [], now)
        recompute_or_delete(threads or [], now)

    returns = (_THREADS_OF_CHANGED, "(SELECT array_agg(id) FROM cleared)")
    return _change_in_batches(rows, _deletion(rows)._replace(returns=returns, follow=follow), profiles)


def _change_in_batches(
    rows: QuerySet,
    statement: _BatchStatement,
    profiles: Sequence[int],
    before_batch: Callable[[], object] = do_nothing,
) -> int:
    sql = f"WITH {statement.sql} SELECT {', '.join(('count(*)', *statement.returns))} FROM changed"
    keys = _keys(rows)
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


def _keys(rows: QuerySet) -> array:
    """The keys of the rows, the greatest first, in eight bytes each."""
    selected, parameters = _selection(rows)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pk FROM ({selected}) selected ORDER BY pk DESC", parameters)
        return array("q", (key for (key,) in cursor))


def _selection(rows: QuerySet) -> tuple[str, tuple[object, ...]]:
    return rows.order_by().values("pk").query.sql_with_params()


def _update(rows: QuerySet, values: Mapping[str, Any]) -> _BatchStatement:
    """The UPDATE that Django makes of the rows' own conditions, so that no row is looked up twice."""
    query = rows.order_by().query.chain(UpdateQuery)
    query.add_update_values(values)
    update, parameters = query.get_compiler(connection.alias).as_sql()
    table = rows.model._meta.db_table
    batch = f"{update} AND {table}.id = ANY(%s)"
    return _BatchStatement(f"changed AS ({batch} RETURNING {_returned(rows.model)})", parameters)


def _deletion(rows: QuerySet) -> _BatchStatement:
    selected, parameters = _selection(rows)
    return _BatchStatement(
        f"chosen (id) AS MATERIALIZED (SELECT pk FROM ({selected}) selected WHERE pk = ANY(%s)"
        f" LIMIT {ROWS_PER_TRANSACTION}), {_CLEARED.get(rows.model, '')}"
        f"changed AS (DELETE FROM {rows.model._meta.db_table} WHERE id IN (SELECT id FROM chosen)"
        f" RETURNING {_returned(rows.model)})",
        parameters,
    )


def _returned(model: type[Model]) -> str:
    """The columns of a changed row that `changed` has."""
    return "id, thread_id" if model is Interaction else "id"


def _recompute_threads(now: datetime, threads: list[int] | None) -> None:
    recompute(threads or [], now)


_CLEARED = {  # sets the references to deleted rows to NULL
    Content: "cleared AS (UPDATE interactions_interaction SET content_id = NULL"
    " WHERE content_id IN (SELECT id FROM chosen) RETURNING thread_id),"
    " cleared_threads AS (UPDATE interactions_thread SET content_id = NULL"
    " WHERE id IN (SELECT thread_id FROM cleared) AND content_id IN (SELECT id FROM chosen)), ",
    Interaction: "cleared AS (UPDATE interactions_interaction SET parent_id = NULL"
    " WHERE parent_id IN (SELECT id FROM chosen) AND id NOT IN (SELECT id FROM chosen) RETURNING id), ",
}
