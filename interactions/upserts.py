"""The statements of the ingest: each takes any number of rows as one JSON parameter, so their number never grows.

JSON is what the server unpacks and Python packs fastest: text arrays cost three times as much on the Python side.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import orjson
from django.db import connection

from interactions.events import BY_CREATION, BY_EDIT, EPOCH, METRICS, MICROSECOND, Version
from interactions.merging import Key, Row, Stamp, stamp

CONTENT, INTERACTION = "content", "interaction"
# The targets of PendingChange rows that wait for nothing: they note which versions came ahead of their time.
CAME_AHEAD = {CONTENT: "piece_ahead", INTERACTION: "inbox_ahead"}
TABLES = {CONTENT: "interactions_content", INTERACTION: "interactions_interaction"}

LINKED_AT_ONCE = 5_000  # comments and replies to what they waited for, in one statement

_COMMON = {
    "profile_id": "bigint",
    "platform_id": "text",
    "is_demo": "boolean",
    "posted_at": "timestamptz",
    "created_digest": "bigint",
    "text": "text",
    "text_at": "timestamptz",
    "text_digest": "bigint",
    "deleted_at": "timestamptz",
}
_CREATION = {
    CONTENT: {"url": "text", "kind": "text"},
    INTERACTION: {
        "type": "text",
        "author_id": "text",
        "author_handle": "text",
        "author_name": "text",
        "content_ref": "text",
        "parent_ref": "text",
        "conversation_id": "text",
        "direction": "text",
    },
}
_METRICS = dict.fromkeys(METRICS, "bigint") | {f"{name}_at": "timestamptz" for name in METRICS}
_COLUMNS = {
    CONTENT: _COMMON | _CREATION[CONTENT] | _METRICS,
    INTERACTION: _COMMON | _CREATION[INTERACTION],
}
_FIXED = {"profile_id", "platform_id", "is_demo"}


def stored_rows(target: str, keys: Sequence[Key]) -> dict[Key, Row]:
    """The rows that exist among `keys`, with the versions that they show."""
    metrics = (
        [column for name in METRICS for column in (_micros(f"{name}_at"), name)] if target == CONTENT else []
    )
    versions = [
        _micros("posted_at"),
        "created_digest",
        _micros("text_at"),
        "text_digest",
        _micros("NULLIF(deleted_at, expired_at)"),  # age is no version: whoever sends a deletion wins over it
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {', '.join(['id', 'profile_id', 'platform_id', *versions, *metrics])}"
            f" FROM {_WANTED} JOIN {TABLES[target]} USING (profile_id, platform_id)",
            [_packed_keys(keys)],
        )
        return {
            (profile, platform_id): Row(id, _versions(*rest)) for id, profile, platform_id, *rest in cursor
        }


def _micros(column: str) -> str:
    return f"(extract(epoch FROM {column}) * 1000000)::bigint"


def _versions(posted_at, created_digest, text_at, text_digest, deleted_at, *metrics) -> dict[str, Version]:
    created = (posted_at, created_digest)
    source = BY_CREATION if (text_at, text_digest) == created else BY_EDIT
    versions: dict[str, Version] = {"created": created, "text": (text_at, source, text_digest)}
    if deleted_at is not None:
        versions["deletion"] = (deleted_at,)
    for name, at, count in zip(METRICS, metrics[::2], metrics[1::2], strict=False):
        if at is not None:
            versions[name] = (at, count)
    return versions


def column_values(row: Row, own_id: str) -> dict[str, Any]:
    """The columns that `row.values` sets, of which each table takes those it has; `own_id` is the profile's on its platform."""
    columns: dict[str, Any] = {}
    for aspect, value in row.values.items():
        if aspect == "deletion" and not value:  # the row was created again, later
            columns |= {"deleted_at": None, "shown_again": True}
            continue
        version = row.versions[aspect]
        at, rank = _instant(version[0]), version[-1]
        if aspect == "created":
            direction = "out" if value.author_id == own_id else "in"
            columns |= value._asdict()
            columns |= {"direction": direction, "posted_at": at, "created_digest": rank}
        elif aspect == "text":
            columns |= {"text": value, "text_at": at, "text_digest": rank}
        elif aspect == "deletion":
            columns["deleted_at"] = at
        else:
            columns |= {aspect: value, f"{aspect}_at": at}
    return columns


@lru_cache(maxsize=4_096)
def _instant(micros: int) -> str:
    return (EPOCH + micros * MICROSECOND).isoformat()


def insert_content(rows: Sequence[dict[str, Any]], received_at: datetime) -> dict[Key, int]:
    """Insert pieces that do not exist yet; return the ids of those inserted."""
    defaults = [row | {name: row.get(name, 0) for name in METRICS} for row in rows]
    names = ", ".join(_COLUMNS[CONTENT])
    return _insert(CONTENT, names, f"SELECT %s, %s, {names} FROM {_records(CONTENT)}", defaults, received_at)


def insert_interactions(rows: Sequence[dict[str, Any]], received_at: datetime) -> dict[Key, int]:
    """Insert comments and messages that do not exist yet, linked to the piece and parent that do."""
    names = ", ".join(_COLUMNS[INTERACTION])
    given = ", ".join(f"new.{column}" for column in _COLUMNS[INTERACTION])
    query = (
        f"SELECT %s, %s, {given}, 'new', content.id, parent.id FROM {_records(INTERACTION)}"
        " LEFT JOIN interactions_content content"
        " ON content.profile_id = new.profile_id AND content.platform_id = new.content_ref"
        " LEFT JOIN interactions_interaction parent"
        " ON parent.profile_id = new.profile_id AND parent.platform_id = new.parent_ref"
    )
    return _insert(INTERACTION, f"{names}, status, content_id, parent_id", query, rows, received_at)


def _insert(
    target: str, names: str, query: str, rows: Sequence[dict[str, Any]], received_at: datetime
) -> dict[Key, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {TABLES[target]} (received_at, updated_at, {names}) {query} ORDER BY ordinality"
            " ON CONFLICT (profile_id, platform_id) DO NOTHING RETURNING profile_id, platform_id, id",
            [received_at, received_at, _packed(rows)],
        )
        return {(profile, platform_id): id for profile, platform_id, id in cursor}


def update_rows(target: str, rows: Sequence[dict[str, Any]], received_at: datetime) -> None:
    """Set the columns that each row names; an absent column stays as it is."""
    settable = [column for column in _COLUMNS[target] if column not in (*_FIXED, "deleted_at")]
    changes = [f"{column} = COALESCE(new.{column}, old.{column})" for column in settable]
    changes += [
        "updated_at = GREATEST(%s, old.updated_at)",
        # What is shown again may still be hidden for its age.
        "deleted_at = CASE WHEN new.shown_again THEN old.expired_at ELSE COALESCE(new.deleted_at, old.deleted_at) END",
        # Equal times would say that age alone hides the row.
        "expired_at = old.expired_at + CASE WHEN new.deleted_at = old.expired_at THEN interval '1 microsecond'"
        " ELSE interval '0' END",
    ]
    if target == INTERACTION:
        changes += [
            "content_id = CASE WHEN new.content_ref IS NULL THEN old.content_id ELSE (SELECT id FROM"
            " interactions_content WHERE profile_id = new.profile_id AND platform_id = new.content_ref) END",
            "parent_id = CASE WHEN new.parent_ref IS NULL THEN old.parent_id ELSE (SELECT id FROM"
            " interactions_interaction WHERE profile_id = new.profile_id AND platform_id = new.parent_ref) END",
        ]
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {TABLES[target]} old SET {', '.join(changes)} FROM {_records(target, shown_again='boolean')}"
            " WHERE old.profile_id = new.profile_id AND old.platform_id = new.platform_id",
            [received_at, _packed(rows)],
        )


def link_waiting(target: str, arrived: dict[Key, int]) -> None:
    """Give comments that wait for pieces, or replies that wait for parents, those that `arrived`, by their ids.

    In batches, as hundreds of thousands may wait for one, and a statement of a web request may not take long.
    """
    column, reference = ("content_id", "content_ref") if target == CONTENT else ("parent_id", "parent_ref")
    profiles, platform_ids = zip(*arrived, strict=True)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT waiting.id, arrived.id FROM interactions_interaction waiting"
            " JOIN unnest(%s::bigint[], %s::text[], %s::bigint[]) AS arrived (profile_id, platform_id, id)"
            f" ON waiting.profile_id = arrived.profile_id AND waiting.{reference} = arrived.platform_id"
            f" WHERE waiting.{reference} <> '' AND waiting.{column} IS NULL",
            [list(profiles), list(platform_ids), list(arrived.values())],
        )
        links = cursor.fetchall()
        for start in range(0, len(links), LINKED_AT_ONCE):
            cursor.execute(
                f"UPDATE interactions_interaction waiting SET {column} = link.target"
                " FROM unnest(%s::bigint[], %s::bigint[]) AS link (id, target) WHERE waiting.id = link.id",
                [list(ids) for ids in zip(*links[start : start + LINKED_AT_ONCE], strict=True)],
            )


def _records(target: str, **more: str) -> str:
    """The packed rows as a table named `new`; `more` are columns that the stored table does not have."""
    columns = _COLUMNS[target] | more
    typed = ", ".join(f"{column} {kind}" for column, kind in columns.items())
    names = ", ".join(columns)
    return (
        f"ROWS FROM (json_to_recordset(%s::json) AS ({typed})) WITH ORDINALITY AS new ({names}, ordinality)"
    )


def _packed(rows: Sequence[dict[str, Any]]) -> str:
    return orjson.dumps(rows).decode()


_WANTED = "json_to_recordset(%s::json) AS wanted (profile_id bigint, platform_id text)"


def _packed_keys(keys: Sequence[Key]) -> str:
    return _packed([{"profile_id": profile, "platform_id": platform_id} for profile, platform_id in keys])


def pending_rows(target: str, keys: Sequence[Key]) -> dict[Key, Row]:
    """What waits for rows among `keys` that have not arrived yet."""
    waiting: dict[Key, Row] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT profile_id, platform_id, aspect, {_micros('occurred_at')}, rank, value"
            f" FROM {_WANTED} JOIN interactions_pendingchange USING (profile_id, platform_id) WHERE target = %s",
            [_packed_keys(keys), target],
        )
        for profile, platform_id, aspect, micros, rank, value in cursor:
            row = waiting.setdefault((profile, platform_id), Row())
            row.versions[aspect] = _waiting_version(aspect, micros, rank)
            row.values[aspect] = json.loads(value)["value"]
    return waiting


def _waiting_version(aspect: str, micros: int, rank: int) -> Version:
    """A text that waits is always an edit's, as a creation waits for nothing."""
    if aspect == "text":
        return micros, BY_EDIT, rank
    return (micros,) if aspect == "deletion" else (micros, rank)


def keep_pending(target: str, rows: dict[Key, Row], demo: dict[int, bool], received_at: datetime) -> None:
    """Store what `rows` wait with, newest per aspect."""
    changes = [
        (key, aspect, row.versions[aspect][0], 0 if aspect == "deletion" else row.versions[aspect][-1], value)
        for key, row in rows.items()
        for aspect, value in row.values.items()
        if aspect in row.versions
    ]
    _write_pending(target, changes, demo, received_at, only_newer=True)


def _write_pending(
    target: str,
    changes: list[tuple[Key, str, int, int, Any]],
    demo: dict[int, bool],
    received_at: datetime,
    *,
    only_newer: bool,
) -> None:
    """Write rows of PendingChange, given as key, aspect, time, rank and value; `only_newer` over what is there."""
    records = [
        {
            "profile_id": profile,
            "platform_id": platform_id,
            "is_demo": demo[profile],
            "aspect": aspect,
            "occurred_at": _instant(at),
            "rank": rank,
            "value": {"value": value},
        }
        for (profile, platform_id), aspect, at, rank, value in changes
    ]
    newer = " WHERE (EXCLUDED.occurred_at, EXCLUDED.rank) > (waiting.occurred_at, waiting.rank)"
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO interactions_pendingchange AS waiting"
            " (target, received_at, profile_id, platform_id, is_demo, aspect, occurred_at, rank, value)"
            " SELECT %s, %s, * FROM json_to_recordset(%s::json) AS changes (profile_id bigint, platform_id text,"
            " is_demo boolean, aspect text, occurred_at timestamptz, rank bigint, value jsonb)"
            " ON CONFLICT (profile_id, platform_id, target, aspect) DO UPDATE"
            " SET occurred_at = EXCLUDED.occurred_at, rank = EXCLUDED.rank, value = EXCLUDED.value,"
            f" received_at = EXCLUDED.received_at{newer if only_newer else ''}",
            [target, received_at, _packed(records)],
        )


def drop_pending(target: str, keys: Sequence[Key]) -> None:
    """Forget what waited for rows that have arrived."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM interactions_pendingchange waiting USING {_WANTED}"
            " WHERE waiting.profile_id = wanted.profile_id AND waiting.platform_id = wanted.platform_id"
            " AND target = %s",
            [_packed_keys(keys), target],
        )


def came_ahead(target: str, keys: Sequence[Key]) -> dict[Key, dict[str, Stamp]]:
    """By row and aspect, the last version that was stored although its time had been ahead when it came."""
    noted: dict[Key, dict[str, Stamp]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT profile_id, platform_id, aspect, {_micros('occurred_at')}, rank"
            f" FROM {_WANTED} JOIN interactions_pendingchange USING (profile_id, platform_id) WHERE target = %s",
            [_packed_keys(keys), CAME_AHEAD[target]],
        )
        for profile, platform_id, aspect, *version in cursor:
            noted.setdefault((profile, platform_id), {})[aspect] = stamp(tuple(version))
    return noted


def note_ahead(target: str, rows: dict[Key, Row], demo: dict[int, bool], received_at: datetime) -> None:
    """Note which versions that are stored now came ahead, for the letters of the same row that still wait."""
    notes = [
        (key, aspect, at, rank, None)
        for key, row in rows.items()
        for aspect, (at, rank) in row.came_ahead.items()
        if aspect in row.values and aspect in row.versions
    ]
    _write_pending(CAME_AHEAD[target], notes, demo, received_at, only_newer=False)
