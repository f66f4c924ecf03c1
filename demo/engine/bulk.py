"""Rows in large numbers, a few at a time: no statement holds its locks for long, and an interruption loses one batch."""

from array import array
from collections.abc import Callable, Sequence
from typing import NamedTuple

from django.db import connection
from django.db.models import Model, QuerySet

from demo.engine.async_commit import async_commit
from interactions.locks import lock_profiles
from interactions.models import Content, Interaction

ROWS_PER_TRANSACTION = 250  # rows
KEYS_AT_ONCE = 10_000  # are read from the database
MAX_WAIT = "30s"


class Change(NamedTuple):
    """What is done to the rows of a table: the parts of a WITH that follow `chosen (id)`, the last named `changed`."""

    sql: str
    values: tuple[object, ...] = ()


def nothing() -> None:
    """What is done before every batch unless told otherwise."""


def change_in_batches(
    rows: QuerySet,
    change: Change,
    profiles: Sequence[int] = (),
    each_batch: Callable[[], object] = nothing,
) -> int:
    """Apply `change` to `rows` by primary keys, newest first, in transactions of ROWS_PER_TRANSACTION; return how many it changed.

    The keys are looked up once, at the beginning, so that no batch searches for its rows and no sender can keep this
    going; each batch takes those of its keys that are still among the `rows`. `profiles` are locked meanwhile, so that no
    ingest writes to its rows or hangs something on them. `each_batch` is called before every batch. Raises
    OperationalError when a profile is locked for longer than MAX_WAIT.
    """
    keys = array("q", rows.order_by().values_list("pk", flat=True).iterator(chunk_size=KEYS_AT_ONCE))
    keys = array("q", sorted(keys, reverse=True))
    changed = 0
    for start in range(0, len(keys), ROWS_PER_TRANSACTION):
        each_batch()
        statement, values = _statement(
            rows.filter(pk__among=keys[start : start + ROWS_PER_TRANSACTION])[:ROWS_PER_TRANSACTION], change
        )
        with async_commit(MAX_WAIT), connection.cursor() as cursor:
            lock_profiles(profiles)
            cursor.execute(statement, values)
            changed += cursor.fetchone()[0]
    return changed


def _statement(batch: QuerySet, change: Change) -> tuple[str, list[object]]:
    """Choose the rows of a batch, change them, and say how many were changed."""
    chosen, values = batch.values("pk").query.sql_with_params()
    return (
        f"WITH chosen (id) AS MATERIALIZED ({chosen}), {change.sql} SELECT count(*) FROM changed",
        [*values, *change.values],
    )


def delete_in_batches(
    rows: QuerySet, profiles: Sequence[int] = (), each_batch: Callable[[], object] = nothing
) -> int:
    """Delete `rows` in the same way; what pointed at them stays, pointing at nothing. Return how many went."""
    return change_in_batches(rows, _deletion(rows.model), profiles, each_batch)


def _deletion(model: type[Model]) -> Change:
    gone = "(SELECT id FROM chosen)"
    pointers = {
        Content: f"content_id IN {gone}",
        Interaction: f"parent_id IN {gone} AND id NOT IN {gone}",
    }
    freed = ""
    if model in pointers:
        column = pointers[model].split()[0]
        freed = f"freed AS (UPDATE interactions_interaction SET {column} = NULL WHERE {pointers[model]}), "
    return Change(f"{freed}changed AS (DELETE FROM {model._meta.db_table} WHERE id IN {gone} RETURNING id)")
