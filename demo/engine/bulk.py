"""Changes and deletes many rows in small transactions, so that locks are short. Retention, removal and reset use it."""

from array import array
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import connection
from django.db.models import Model, QuerySet

from demo.engine.async_commit import async_commit
from interactions.locks import lock_profiles
from interactions.models import Content, Interaction
from interactions.threads.moving import move_rows
from interactions.threads.recomputing import recompute

ROWS_PER_TRANSACTION = 250
KEYS_PER_FETCH = 10_000
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
    keys = array("q", rows.order_by().values_list("pk", flat=True).iterator(chunk_size=KEYS_PER_FETCH))
    keys = array("q", sorted(keys, reverse=True))
    changed = 0
    for start in range(0, len(keys), ROWS_PER_TRANSACTION):
        before_batch()
        batch = rows.filter(pk__in_array=keys[start : start + ROWS_PER_TRANSACTION])[:ROWS_PER_TRANSACTION]
        sql, parameters = _counting(batch, statement)
        with async_commit(LOCK_TIMEOUT), connection.cursor() as cursor:
            lock_profiles(profiles)
            cursor.execute(sql, parameters)
            number, *returned = cursor.fetchone()
            statement.follow(*returned)
            changed += number
    return changed


def _counting(batch: QuerySet, statement: BatchStatement) -> tuple[str, list[object]]:
    """SQL and parameters that apply the statement to the batch, return the number of changed rows and its `returns`."""
    chosen, parameters = batch.values("pk").query.sql_with_params()
    return (
        f"WITH chosen (id) AS MATERIALIZED ({chosen}), {statement.sql}"
        f" SELECT {', '.join(('count(*)', *statement.returns))} FROM changed",
        [*parameters, *statement.parameters],
    )


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
        recompute(threads or [], now)

    returns = (THREADS_OF_CHANGED, "(SELECT array_agg(id) FROM cleared)")
    return change_in_batches(rows, _deletion(Interaction)._replace(returns=returns, follow=follow), profiles)


def _deletion(model: type[Model]) -> BatchStatement:
    deleted = "(SELECT id FROM chosen)"
    references = {
        Content: f"content_id IN {deleted}",
        Interaction: f"parent_id IN {deleted} AND id NOT IN {deleted}",
    }
    cleared = ""
    if model in references:
        column = references[model].split()[0]
        cleared = (
            f"cleared AS (UPDATE interactions_interaction SET {column} = NULL WHERE {references[model]}"
            " RETURNING id), "
        )
    return BatchStatement(
        f"{cleared}changed AS (DELETE FROM {model._meta.db_table} WHERE id IN {deleted} RETURNING {returned(model)})"
    )
