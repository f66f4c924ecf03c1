"""Computes threads anew from their rows, after rows changed or went. Called by every writer that does more than add rows."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from django.db import connection

from interactions.threads.state import Facts, Position
from interactions.threads.table import FACT_COLUMNS, delete_threads, read_facts, update_threads

THREADS_PER_STATEMENT = 5_000

_VISIBLE = "row.thread_id = thread.id AND row.deleted_at IS NULL"
_RECEIVED = f"{_VISIBLE} AND row.direction = 'in' AND row.hidden_at IS NULL"
_NEWEST = "ORDER BY row.posted_at DESC, row.platform_id DESC LIMIT 1"
_FACTS = (
    f"SELECT thread.id, {', '.join(f'thread.{name}' for name in FACT_COLUMNS)}, rows.*, last.*, last_in.*"
    " FROM interactions_thread thread"
    " CROSS JOIN LATERAL (SELECT count(*) AS number, coalesce(min(NULLIF(row.content_ref, '')), ''),"
    f" max(row.received_at) FILTER (WHERE {_RECEIVED}),"
    f" max(row.posted_at) FILTER (WHERE {_VISIBLE} AND row.direction = 'out'),"
    f" max(row.posted_at) FILTER (WHERE {_VISIBLE} AND row.direction = 'out' AND row.closes"
    " AND row.send_status IS DISTINCT FROM 'failed')"
    " FROM interactions_interaction row WHERE row.thread_id = thread.id) rows"
    f" LEFT JOIN LATERAL (SELECT row.posted_at, row.platform_id FROM interactions_interaction row"
    f" WHERE {_VISIBLE} {_NEWEST}) last ON true"
    f" LEFT JOIN LATERAL (SELECT row.posted_at, row.platform_id, row.sentiment FROM interactions_interaction row"
    f" WHERE {_RECEIVED} {_NEWEST}) last_in ON true"
    " WHERE thread.id = ANY(%s) ORDER BY thread.id"
)


def recompute(thread_ids: Iterable[int], now: datetime) -> None:
    """Compute the threads from their rows; `now` is the time of their states. Deletes threads that have no rows.

    The caller holds the profiles' locks.
    """
    ids = sorted(set(thread_ids))
    for start in range(0, len(ids), THREADS_PER_STATEMENT):
        facts = dict(facts_of_rows(ids[start : start + THREADS_PER_STATEMENT]))
        if empty := [id for id, one in facts.items() if one is None]:
            delete_threads(empty)
        if kept := {id: one for id, one in facts.items() if one is not None}:
            update_threads(kept, now)


def facts_of_rows(thread_ids: list[int]) -> Iterator[tuple[int, Facts | None]]:
    """Yield the facts of each thread: from its rows, and from the decisions that it stores; None when it has no rows."""
    with connection.cursor() as cursor:
        cursor.execute(_FACTS, [thread_ids])
        for id, *columns in cursor.fetchall():
            yield id, _facts(columns[: len(FACT_COLUMNS)], *columns[len(FACT_COLUMNS) :])


def _facts(stored: Sequence, number, content_ref, received_at, out_at, answered_at, *newest) -> Facts | None:
    if not number:
        return None
    last_at, last_ref, last_in_at, last_in_ref, sentiment = newest
    people = read_facts(stored)
    return Facts(
        content_ref=content_ref,
        last=last_at and Position(last_at, last_ref),
        last_in=last_in_at and Position(last_in_at, last_in_ref),
        last_in_received_at=received_at,
        sentiment=sentiment,
        last_out_at=out_at,
        answered_at=answered_at,
        decision=people.decision,
        read_at=people.read_at,
    )
