"""Adds new rows to their threads: called by the ingest and for replies before they insert the rows."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from interactions.merging import Key, Row
from interactions.threads.keys import COMMENT, Link, ThreadKey, thread_keys
from interactions.threads.moving import move_rows
from interactions.threads.recomputing import recompute
from interactions.threads.state import (
    PEOPLE_FACTS,
    ROW_FACTS,
    STATE,
    STATE_OF_FACTS,
    assignments,
    qualified,
)
from interactions.upserts import WANTED_KEYS, keys_to_json, to_json

_ROW = {
    "profile_id": "bigint",
    "type": "text",
    "root_ref": "text",
    "is_demo": "boolean",
    "content_ref": "text",
    "platform_id": "text",
    "posted_at": "timestamptz",
    "direction": "text",
    "closes": "boolean",
    "deleted_at": "timestamptz",
    "hidden_at": "timestamptz",
}
_RECEIVED = "deleted_at IS NULL AND direction = 'in' AND hidden_at IS NULL"
_SENT = "deleted_at IS NULL AND direction = 'out'"
_NEWEST = (
    '(array_agg(platform_id ORDER BY posted_at DESC, platform_id COLLATE "C" DESC) FILTER (WHERE {})) [1]'
)
_STORED_IS_NEWER = '(stored.{0}_at, stored.{0}_ref COLLATE "C") >= (batch.{0}_at, batch.{0}_ref COLLATE "C")'


def _newest(name: str) -> str:
    """The SQL for time and id of the newer one of the stored row and the batch's."""
    stored_is_newer = f"batch.{name}_at IS NULL OR {_STORED_IS_NEWER.format(name)}"
    return (
        f"CASE WHEN {stored_is_newer} THEN stored.{name}_at ELSE batch.{name}_at END AS {name}_at,"
        f" CASE WHEN {stored_is_newer} THEN coalesce(stored.{name}_ref, '') ELSE batch.{name}_ref END AS {name}_ref"
    )


# Adds the rows to stored threads, or to new ones. The caller holds the locks, so no thread appears meanwhile.
_ADD = f"""
INSERT INTO interactions_thread AS thread
    (profile_id, kind, root_ref, is_demo, content_id, label_ids, {", ".join((*ROW_FACTS, *PEOPLE_FACTS, *STATE))})
SELECT facts.profile_id, facts.type, facts.root_ref, facts.is_demo, content.id, '{{}}',
    {qualified(ROW_FACTS, "facts")}, {qualified(PEOPLE_FACTS, "facts")}, {qualified(STATE, "state")}
FROM (
    SELECT batch.profile_id, batch.type, batch.root_ref, batch.is_demo,
        coalesce(least(NULLIF(stored.content_ref, '') COLLATE "C", batch.content_ref COLLATE "C"), '') AS content_ref,
        {_newest("last")}, {_newest("last_in")},
        greatest(stored.last_in_received_at, batch.last_in_received_at) AS last_in_received_at,
        CASE WHEN batch.last_in_at IS NULL OR {_STORED_IS_NEWER.format("last_in")} THEN stored.sentiment END AS sentiment,
        greatest(stored.last_out_at, batch.last_out_at) AS last_out_at,
        greatest(stored.answered_at, batch.answered_at) AS answered_at,
        stored.decided_at, coalesce(stored.decision, '') AS decision, stored.decided_until,
        stored.covers_at, coalesce(stored.covers_ref, '') AS covers_ref, stored.read_at
    FROM (
        SELECT profile_id, type, root_ref, bool_or(is_demo) AS is_demo,
            min(NULLIF(content_ref, '') COLLATE "C") AS content_ref,
            max(posted_at) FILTER (WHERE deleted_at IS NULL) AS last_at,
            {_NEWEST.format("deleted_at IS NULL")} AS last_ref,
            max(posted_at) FILTER (WHERE {_RECEIVED}) AS last_in_at,
            {_NEWEST.format(_RECEIVED)} AS last_in_ref,
            CASE WHEN bool_or({_RECEIVED}) THEN %(received_at)s END AS last_in_received_at,
            max(posted_at) FILTER (WHERE {_SENT}) AS last_out_at,
            max(posted_at) FILTER (WHERE {_SENT} AND closes) AS answered_at
        FROM json_to_recordset(%(rows)s::json) AS row ({", ".join(f"{name} {kind}" for name, kind in _ROW.items())})
        GROUP BY profile_id, type, root_ref
    ) batch
    LEFT JOIN interactions_thread stored
        ON stored.profile_id = batch.profile_id AND stored.kind = batch.type AND stored.root_ref = batch.root_ref
) facts {STATE_OF_FACTS}
LEFT JOIN interactions_content content
    ON content.profile_id = facts.profile_id AND content.platform_id = facts.content_ref
ON CONFLICT (profile_id, kind, root_ref) DO UPDATE SET content_id = EXCLUDED.content_id,
    {assignments(ROW_FACTS, "EXCLUDED")}, {assignments(STATE, "EXCLUDED")}
RETURNING thread.profile_id, thread.kind, thread.root_ref, thread.id
"""


def add_to_threads(rows: Sequence[dict[str, Any]], received_at: datetime) -> list[Key]:
    """Add new rows to existing or new threads, and set their `thread_id`; `rows` are columns of interactions.

    The caller holds the profiles' locks and inserts the rows in the same transaction. Returns the keys of comments whose
    replies came before them and must move when they are inserted. A constant number of statements.
    """
    links = [
        Link(*(row[name] for name in ("profile_id", "platform_id", "type", "parent_ref", "conversation_id")))
        for row in rows
    ]
    keys = thread_keys(links)
    records = [
        {name: row.get(name) for name in _ROW} | {"root_ref": keys[link.key].root_ref}
        for row, link in zip(rows, links, strict=True)
    ]
    with connection.cursor() as cursor:
        cursor.execute(_ADD, {"rows": to_json(records), "received_at": received_at, "now": received_at})
        ids = {ThreadKey(*key): id for *key, id in cursor}
    for row, link in zip(rows, links, strict=True):
        row["thread_id"] = ids[keys[link.key]]
    return _roots_of_threads([link.key for link in links if link.kind == COMMENT and link.parent_ref])


def _roots_of_threads(replies: Sequence[Key]) -> list[Key]:
    """Those of the replies that are the root of a thread, because replies to them were stored before."""
    if not replies:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT profile_id, platform_id FROM {WANTED_KEYS} JOIN interactions_thread thread USING (profile_id)"
            f" WHERE thread.kind = '{COMMENT}' AND thread.root_ref = platform_id",
            [keys_to_json(replies)],
        )
        return cursor.fetchall()


def follow_changes(changed: Mapping[Key, Row], moved: Sequence[int], received_at: datetime) -> None:
    """Compute the threads of changed rows anew; `moved` are the ids of rows whose replies must move.

    A row that was created again may have another parent, so it and its replies are placed again.
    """
    created_again = [row.id for row in changed.values() if "created" in row.values]
    if moved or created_again:
        move_rows([*moved, *created_again], received_at)
    others = (row for row in changed.values() if row.values.keys() & {"deletion", "hidden"})
    if thread_ids := {row.thread_id for row in others if "created" not in row.values and row.thread_id}:
        recompute(thread_ids, received_at)
