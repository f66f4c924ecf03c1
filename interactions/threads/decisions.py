"""Writes what people decide on threads. Called by the API, the pages and tasks, inside a transaction that holds the locks."""

from collections.abc import Iterable
from datetime import datetime

from django.db import connection

from interactions.models import Interaction
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
    author_name: str = "",
) -> None:
    """Give the threads a status, until a newer received row than `covers` arrives; `until` is the end of a snooze.

    `covers` is the newest row that the person saw; without it, the newest received row of each thread. What the decision
    covers is read. `author_name` is empty for the user who owns the threads.
    """
    values = {
        "ids": list(ids),
        "now": now,
        "status": status,
        "until": until,
        "seen_until": covers and covers.received_at,
        "covers_at": covers and covers.posted_at,
        "covers_ref": covers.platform_id if covers else "",
        "author_name": author_name,
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
            " SELECT id, profile_id, is_demo, %(author_name)s, %(now)s, %(status)s, %(until)s"
            " FROM interactions_thread WHERE id = ANY(%(ids)s) ORDER BY id",
            values,
        )
    refresh_states(values["ids"], now)


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
