"""The SQL statements that read and write rows of `interactions_thread`, each for any number of threads."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection

from interactions.threads.state import Decision, Facts, Position, state_of
from interactions.upserts import to_json


class ThreadKey(NamedTuple):
    """Identifies a thread: `root_ref` is the platform id of its first comment, or the conversation's id."""

    profile_id: int
    kind: str
    root_ref: str


FACT_COLUMNS = {
    "content_ref": "text",
    "last_at": "timestamptz",
    "last_ref": "text",
    "last_in_at": "timestamptz",
    "last_in_ref": "text",
    "last_in_received_at": "timestamptz",
    "sentiment": "text",
    "last_out_at": "timestamptz",
    "answered_at": "timestamptz",
    "decided_at": "timestamptz",
    "decision": "text",
    "decided_until": "timestamptz",
    "covers_at": "timestamptz",
    "covers_ref": "text",
    "read_at": "timestamptz",
}
_STATE_COLUMNS = {
    "status": "text",
    "snoozed_until": "timestamptz",
    "unread": "boolean",
    "active_at": "timestamptz",
}
_WRITTEN = FACT_COLUMNS | _STATE_COLUMNS
_KEY_COLUMNS = {"profile_id": "bigint", "kind": "text", "root_ref": "text", "is_demo": "boolean"}
_CONTENT = (
    "(SELECT content.id FROM interactions_content content"
    " WHERE content.profile_id = {row}.profile_id AND content.platform_id = new.content_ref)"
)


def read_facts(columns: Sequence[Any]) -> Facts:
    """Return the facts in the values of FACT_COLUMNS, in that order."""
    return _facts(*columns)


def _facts(
    content_ref: str,
    last_at: datetime | None,
    last_ref: str,
    last_in_at: datetime | None,
    last_in_ref: str,
    last_in_received_at: datetime | None,
    sentiment: str | None,
    last_out_at: datetime | None,
    answered_at: datetime | None,
    decided_at: datetime | None,
    decision: str,
    decided_until: datetime | None,
    covers_at: datetime | None,
    covers_ref: str,
    read_at: datetime | None,
) -> Facts:
    covers = Position(covers_at, covers_ref) if covers_at else None
    return Facts(
        content_ref,
        Position(last_at, last_ref) if last_at else None,
        Position(last_in_at, last_in_ref) if last_in_at else None,
        last_in_received_at,
        sentiment,
        last_out_at,
        answered_at,
        Decision(decided_at, decision, decided_until, covers) if decided_at else None,
        read_at,
    )


def stored_facts(ids: Iterable[int]) -> dict[int, Facts]:
    """Return the facts that the threads store, by id."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id, {', '.join(FACT_COLUMNS)} FROM interactions_thread WHERE id = ANY(%s)", [list(ids)]
        )
        return {id: read_facts(columns) for id, *columns in cursor}


def insert_threads(
    threads: dict[ThreadKey, Facts], demo_flags: dict[int, bool], now: datetime
) -> dict[ThreadKey, int]:
    """Insert new threads with the state at `now`; return their ids. `demo_flags` is `is_demo` by profile id."""
    names = ", ".join([*_KEY_COLUMNS, *_WRITTEN])
    records = [
        {**key._asdict(), "is_demo": demo_flags[key.profile_id], **_values(facts, now)}
        for key, facts in threads.items()
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO interactions_thread ({names}, content_id, label_ids)"
            f" SELECT {names}, {_CONTENT.format(row='new')}, '{{}}'"
            f" FROM json_to_recordset(%s::json) AS new ({_typed(_KEY_COLUMNS | _WRITTEN)})"
            " RETURNING profile_id, kind, root_ref, id",
            [to_json(records)],
        )
        return {ThreadKey(*key): id for *key, id in cursor}


def update_threads(threads: dict[int, Facts], now: datetime) -> None:
    """Write the facts of threads, by id, and the state at `now` that follows from them."""
    changes = ", ".join(f"{name} = new.{name}" for name in _WRITTEN)
    records = [{"id": id, **_values(facts, now)} for id, facts in threads.items()]
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE interactions_thread thread SET {changes}, content_id = CASE"
            " WHEN new.content_ref = thread.content_ref THEN thread.content_id"
            f" ELSE {_CONTENT.format(row='thread')} END"
            f" FROM json_to_recordset(%s::json) AS new ({_typed({'id': 'bigint'} | _WRITTEN)})"
            " WHERE thread.id = new.id",
            [to_json(records)],
        )


def delete_threads(ids: Iterable[int]) -> None:
    """Delete threads that have no rows, with their decisions and notes."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM interactions_thread WHERE id = ANY(%s)", [list(ids)])


def link_content(content_ids: dict[tuple[int, str], int]) -> None:
    """Link threads to posts that arrived after their comments; `content_ids` is by profile id and platform id."""
    profiles, refs = zip(*content_ids, strict=True)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE interactions_thread thread SET content_id = content.id"
            " FROM unnest(%s::bigint[], %s::text[], %s::bigint[]) AS content (profile_id, platform_id, id)"
            " WHERE thread.profile_id = content.profile_id AND thread.content_ref = content.platform_id"
            " AND thread.content_ref <> '' AND thread.content_id IS NULL",
            [list(profiles), list(refs), list(content_ids.values())],
        )


def _typed(columns: dict[str, str]) -> str:
    return ", ".join(f"{name} {sql_type}" for name, sql_type in columns.items())


def _values(facts: Facts, now: datetime) -> dict[str, Any]:
    """The values of the columns that depend on the thread's rows and decisions."""
    state, decision = state_of(facts, now), facts.decision
    last, last_in = facts.last, facts.last_in
    covers = decision and decision.covers
    return {
        "content_ref": facts.content_ref,
        "last_at": last and last.at,
        "last_ref": last.platform_id if last else "",
        "last_in_at": last_in and last_in.at,
        "last_in_ref": last_in.platform_id if last_in else "",
        "last_in_received_at": facts.last_in_received_at,
        "sentiment": facts.sentiment,
        "last_out_at": facts.last_out_at,
        "answered_at": facts.answered_at,
        "decided_at": decision and decision.at,
        "decision": decision.status if decision else "",
        "decided_until": decision and decision.until,
        "covers_at": covers and covers.at,
        "covers_ref": covers.platform_id if covers else "",
        "read_at": facts.read_at,
        **state._asdict(),
    }
