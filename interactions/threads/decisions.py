"""Writes what people decide on threads. Called by the API, the pages, tasks and the ingest, inside a transaction that holds the locks."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db import connection

from interactions.models import Interaction, Thread
from interactions.threads.recomputing import refresh_states

# Until when the newest stored rows were received, and a snooze that has ended. Not %(now)s: a row may be stored after that
# which was received before it.
_ALL_READ = (
    "greatest(read_at, coalesce(%(seen_until)s, last_in_received_at),"
    " CASE WHEN decision = 'snoozed' AND decided_until <= %(now)s THEN decided_until END)"
)


def decide(
    ids: Iterable[int],
    status: str,
    now: datetime,
    *,
    until: datetime | None = None,
    covers: Interaction | None = None,
) -> None:
    """Give the threads a status, until a newer received row than `covers` arrives; `until` is the end of a snooze.

    `covers` is the newest row that the person saw; without it, the newest received row of each thread. What the decision
    covers is read.
    """
    values = {
        "ids": list(ids),
        "now": now,
        "status": status,
        "until": until,
        "seen_until": covers and covers.received_at,
        "covers_at": covers and covers.posted_at,
        "covers_ref": covers.platform_id if covers else "",
    }
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE interactions_thread SET read_at = {_ALL_READ}, decided_at = %(now)s, decision = %(status)s,"
            " decided_until = %(until)s, covers_at = coalesce(%(covers_at)s, last_in_at),"
            " covers_ref = CASE WHEN %(covers_at)s IS NULL THEN last_in_ref ELSE %(covers_ref)s END"
            " WHERE id = ANY(%(ids)s)",
            values,
        )
        cursor.execute(
            "INSERT INTO interactions_decision (thread_id, profile_id, is_demo, author_name, at, status, until)"
            " SELECT id, profile_id, is_demo, '', %(now)s, %(status)s, %(until)s"
            " FROM interactions_thread WHERE id = ANY(%(ids)s) ORDER BY id",
            values,
        )
    refresh_states(values["ids"], now)


def is_decided(
    thread: Thread,
    status: str,
    until: datetime | None = None,
    covers: Interaction | None = None,
    *,
    stays_unread: bool = False,
) -> bool:
    """Whether the latest decision is the same, holds, and everything is read, so that the request is a repeated one.

    With `stays_unread` the request marks the thread as unread afterwards.
    """
    covered = (covers.posted_at, covers.platform_id) if covers else (thread.last_in_at, thread.last_in_ref)
    latest = thread.decision, thread.decided_until, (thread.covers_at, thread.covers_ref)
    same = latest == (status, until, covered)
    return same and thread.status == status and (stays_unread or not thread.unread)


_DECIDE_ON_ARRIVAL = """
WITH given AS MATERIALIZED (
    SELECT DISTINCT ON (row.thread_id) row.thread_id, row.posted_at, row.platform_id COLLATE "C" AS ref, new.status
    FROM unnest(%(ids)s::bigint[], %(statuses)s::text[]) AS new (id, status)
    JOIN interactions_interaction row USING (id)
    ORDER BY row.thread_id, row.posted_at DESC, row.platform_id COLLATE "C" DESC
)
UPDATE interactions_thread thread SET decided_at = posted_at, decision = given.status, decided_until = NULL,
    covers_at = posted_at, covers_ref = ref,
    read_at = CASE WHEN (last_in_at, last_in_ref COLLATE "C") <= (posted_at, ref)
        THEN greatest(read_at, last_in_received_at) ELSE read_at END
FROM given WHERE thread.id = given.thread_id
    AND (decided_at IS NULL OR covers_at IS NULL OR (covers_at, covers_ref COLLATE "C") < (posted_at, ref))
RETURNING thread.id
"""


def decide_on_arrival(decided: Mapping[int, tuple[str, str]], received_at: datetime) -> None:
    """Give the threads of stored rows a status that covers only these rows; by the row's id, status and author name.

    A row that the thread's decision covers already does not change the thread, so the newest of the rows decides in
    whatever order they arrive. The decision has the row's time. The history has a decision for each of the rows, with
    the time of the arrival.
    """
    statuses, names = zip(*decided.values(), strict=True)
    values = {"ids": list(decided), "statuses": list(statuses), "names": list(names), "at": received_at}
    with connection.cursor() as cursor:
        cursor.execute(_DECIDE_ON_ARRIVAL, values)
        threads = [id for (id,) in cursor]
        cursor.execute(
            "INSERT INTO interactions_decision (thread_id, profile_id, is_demo, author_name, at, status)"
            " SELECT row.thread_id, row.profile_id, row.is_demo, new.name, %(at)s, new.status"
            " FROM unnest(%(ids)s::bigint[], %(statuses)s::text[], %(names)s::text[]) AS new (id, status, name)"
            " JOIN interactions_interaction row USING (id) ORDER BY row.id",
            values,
        )
    refresh_states(threads, received_at)


def mark_read(ids: Iterable[int], now: datetime, *, covers: Interaction | None = None) -> None:
    """Mark everything as read that the threads have, or what was received until `covers` was."""
    _set_read_at(_ALL_READ, ids, now, covers)


def mark_unread(ids: Iterable[int], now: datetime) -> None:
    """Mark the threads as unread. An answered thread has nothing that is unread."""
    _set_read_at("NULL", ids, now)


def _set_read_at(
    expression: str, ids: Iterable[int], now: datetime, covers: Interaction | None = None
) -> None:
    values = {"ids": list(ids), "now": now, "seen_until": covers and covers.received_at}
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE interactions_thread SET read_at = {expression} WHERE id = ANY(%(ids)s)", values
        )
    refresh_states(values["ids"], now)
