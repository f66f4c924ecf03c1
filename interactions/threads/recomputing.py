"""Computes threads anew from their rows, after rows changed or went. Called by every writer that does more than add rows."""

from collections.abc import Iterable
from datetime import datetime

from django.db import connection

from interactions.threads.state import (
    CONTENT_OF_FACTS,
    PEOPLE_FACTS,
    RECEIVED,
    ROW_FACTS,
    SENT,
    STATE,
    STATE_OF_FACTS,
    assignments,
    deletes_replies,
    qualified,
)

THREADS_PER_STATEMENT = 5_000

_FACTS = f"""
SELECT thread.id, rows.*,
    CASE WHEN root_is_deleted IS NULL THEN thread.is_deleted
        WHEN root_is_deleted THEN {deletes_replies("thread.profile_id")} ELSE false END AS is_deleted,
    coalesce(last.platform_id, '') AS last_ref, coalesce(last_in.platform_id, '') AS last_in_ref,
    last_in.sentiment, {qualified(PEOPLE_FACTS, "thread")}
FROM interactions_thread thread
CROSS JOIN LATERAL (
    SELECT coalesce(min(NULLIF(row.content_ref, '') COLLATE "C"), '') AS content_ref,
        max(row.posted_at) FILTER (WHERE row.deleted_at IS NULL) AS last_at,
        max(row.posted_at) FILTER (WHERE {RECEIVED}) AS last_in_at,
        max(row.received_at) FILTER (WHERE {RECEIVED}) AS last_in_received_at,
        max(row.posted_at) FILTER (WHERE {SENT}) AS last_out_at,
        max(row.posted_at) FILTER (WHERE {SENT} AND row.closes AND row.send_status IS DISTINCT FROM 'failed')
            AS answered_at,
        bool_or(row.deleted_at IS NOT NULL AND row.deleted_at IS DISTINCT FROM row.expired_at)
            FILTER (WHERE row.type = 'comment' AND row.platform_id = thread.root_ref) AS root_is_deleted
    FROM interactions_interaction row WHERE row.thread_id = thread.id
) rows
LEFT JOIN LATERAL (
    SELECT row.platform_id FROM interactions_interaction row
    WHERE row.thread_id = thread.id AND row.posted_at = rows.last_at AND row.deleted_at IS NULL
    ORDER BY row.platform_id COLLATE "C" DESC LIMIT 1
) last ON true
LEFT JOIN LATERAL (
    SELECT row.platform_id, row.sentiment FROM interactions_interaction row
    WHERE row.thread_id = thread.id AND row.posted_at = rows.last_in_at AND {RECEIVED}
    ORDER BY row.platform_id COLLATE "C" DESC LIMIT 1
) last_in ON true
WHERE thread.id = ANY(%(ids)s)
"""
_RECOMPUTE = f"""
UPDATE interactions_thread thread SET {assignments(ROW_FACTS, "facts")}, {assignments(STATE, "state")},
    {CONTENT_OF_FACTS}
FROM ({_FACTS}) facts {STATE_OF_FACTS}
WHERE thread.id = facts.id
"""
_DELETE_EMPTY = """
DELETE FROM interactions_thread thread WHERE id = ANY(%(ids)s)
AND NOT EXISTS (SELECT FROM interactions_interaction row WHERE row.thread_id = thread.id)
"""
_REFRESH = f"""
UPDATE interactions_thread thread SET {assignments(STATE, "state")}
FROM interactions_thread facts {STATE_OF_FACTS}
WHERE thread.id = facts.id AND facts.id = ANY(%(ids)s)
"""


def recompute(thread_ids: Iterable[int], now: datetime) -> None:
    """Compute the threads from their rows; `now` is the time of their states. The caller holds the profiles' locks."""
    _run(_RECOMPUTE, thread_ids, now)


def recompute_or_delete(thread_ids: Iterable[int], now: datetime) -> None:
    """The same for threads from which rows may have gone; those without rows are deleted."""
    ids = set(thread_ids)
    _run(_DELETE_EMPTY, ids, now)
    _run(_RECOMPUTE, ids, now)


def refresh_states(thread_ids: Iterable[int], now: datetime) -> None:
    """Compute the states from the stored facts, after people's facts changed or time has passed."""
    _run(_REFRESH, thread_ids, now)


def _run(statement: str, thread_ids: Iterable[int], now: datetime) -> None:
    ids = sorted(set(thread_ids))
    with connection.cursor() as cursor:
        for start in range(0, len(ids), THREADS_PER_STATEMENT):
            cursor.execute(statement, {"ids": ids[start : start + THREADS_PER_STATEMENT], "now": now})
