"""The SQL statements of the ingest for content and interactions. Each takes any number of rows as one JSON parameter.

JSON, because it is the fastest to encode: text arrays take three times as long in Python.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from django.db import connection

from accounts.declarations import check_contains, check_table
from interactions.event_types import CONTENT, INTERACTION
from interactions.events import BY_CREATION, BY_EDIT, EPOCH, METRIC_NAMES, MICROSECOND, Version, aspects_of
from interactions.json_parameters import WANTED_KEYS, keys_to_json, to_json
from interactions.merging import Key, Row
from interactions.models import Content, Interaction
from interactions.threads.adding import THREAD_ID, THREAD_JOINS, THREADS

TABLES = {CONTENT: "interactions_content", INTERACTION: "interactions_interaction"}

LINKS_PER_STATEMENT = 5_000

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
        "closes": "boolean",
    },
}
_VISIBILITY = {CONTENT: {}, INTERACTION: {"visibility_at": "timestamptz", "hidden_at": "timestamptz"}}


class ValueColumn(NamedTuple):
    """A column with a version of its own: the time in the column `NAME_at`; at equal times the greater value wins."""

    sql_type: str
    default: int | bool  # of a row without a report


# By target: the columns that events change beside creation, text and deletion. They are also aspects.
VALUE_COLUMNS: dict[str, dict[str, ValueColumn]] = {
    CONTENT: dict.fromkeys(METRIC_NAMES, ValueColumn("bigint", 0)),
    INTERACTION: {},
}
for _target, _model in ((CONTENT, Content), (INTERACTION, Interaction)):
    _declared = [
        aspect for aspect in aspects_of(_target) if aspect not in ("created", "text", "deletion", "hidden")
    ]
    check_table(f"VALUE_COLUMNS of {_target} in interactions/upserts.py", VALUE_COLUMNS[_target], _declared)
    _needed = [column for name in _declared for column in (name, f"{name}_at")]
    _fields = [field.name for field in _model._meta.fields]
    check_contains(f"{_model.__name__} in interactions/models/rows.py", _fields, _needed)


def _value_columns(target: str) -> dict[str, str]:
    """The SQL types of the target's value columns, and of the columns with their times."""
    columns = VALUE_COLUMNS[target]
    values = {name: column.sql_type for name, column in columns.items()}
    return values | {f"{name}_at": "timestamptz" for name in columns}


_COLUMNS = {
    target: _COMMON | _CREATION[target] | _VISIBILITY[target] | _value_columns(target) for target in TABLES
}
_FIXED = {"profile_id", "platform_id", "is_demo", "closes"}


def stored_rows(target: str, keys: Sequence[Key]) -> dict[Key, Row]:
    """Return the existing rows among `keys`, with their current versions."""
    names = tuple(VALUE_COLUMNS[target])
    values = [column for name in names for column in (microseconds_of(f"{name}_at"), name)]
    versions = [
        microseconds_of("posted_at"),
        "created_digest",
        microseconds_of("text_at"),
        "text_digest",
        # Expiry is not a version: any deletion event wins over it.
        microseconds_of("NULLIF(deleted_at, expired_at)"),
    ]
    if target == INTERACTION:
        names = (*names, "hidden")
        values += [microseconds_of("visibility_at"), "(hidden_at IS NOT NULL)::int"]
    thread_id = "thread_id" if target == INTERACTION else "NULL"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {', '.join(['id', thread_id, 'profile_id', 'platform_id', *versions, *values])}"
            f" FROM {WANTED_KEYS} JOIN {TABLES[target]} USING (profile_id, platform_id)",
            [keys_to_json(keys)],
        )
        return {
            (profile, platform_id): Row(id, thread, _versions(names, *rest))
            for id, thread, profile, platform_id, *rest in cursor
        }


def microseconds_of(column: str) -> str:
    """The SQL for a time column in microseconds since 1970."""
    return f"(extract(epoch FROM {column}) * 1000000)::bigint"


def _versions(
    names: Sequence[str], posted_at, created_digest, text_at, text_digest, deleted_at, *values
) -> dict[str, Version]:
    """The stored versions by aspect; `values` are time and value of each column of `names`."""
    created = (posted_at, created_digest)
    source = BY_CREATION if (text_at, text_digest) == created else BY_EDIT
    versions: dict[str, Version] = {"created": created, "text": (text_at, source, text_digest)}
    if deleted_at is not None:
        versions["deletion"] = (deleted_at,)
    for name, at, value in zip(names, values[::2], values[1::2], strict=True):
        if at is not None:
            versions[name] = (at, value)
    return versions


def column_values(row: Row, own_id: str) -> dict[str, Any]:
    """Return the columns that `row.values` sets; `own_id` is the profile's platform id.

    May include columns that the row's table does not have.
    """
    columns: dict[str, Any] = {}
    for aspect, value in row.values.items():
        if aspect == "deletion" and not value:  # the row was created again after its deletion
            columns["deleted_at"], columns["undeleted"] = None, True
            continue
        version = row.versions[aspect]
        at, rank = iso_time(version[0]), version[-1]
        if aspect == "created":
            columns.update(value._asdict())
            columns["direction"] = "out" if value.author_id == own_id else "in"
            columns["posted_at"], columns["created_digest"] = at, rank
        elif aspect == "text":
            columns["text"], columns["text_at"], columns["text_digest"] = value, at, rank
        elif aspect == "deletion":
            columns["deleted_at"] = at
        elif aspect == "hidden":
            columns["visibility_at"], columns["hidden_at"] = at, at if value else None
        else:
            columns[aspect], columns[f"{aspect}_at"] = value, at
    return columns


@lru_cache(maxsize=4_096)
def iso_time(micros: int) -> str:
    """The ISO 8601 time of microseconds since 1970; cached, as many rows of a batch have the same times."""
    return (EPOCH + micros * MICROSECOND).isoformat()


def insert_content(rows: Sequence[dict[str, Any]], received_at: datetime) -> dict[Key, int]:
    """Insert the posts that do not exist yet; return the ids of the inserted rows."""
    names = ", ".join(_COLUMNS[CONTENT])
    defaults = {name: column.default for name, column in VALUE_COLUMNS[CONTENT].items()}
    inserted = _insert(
        f"INSERT INTO {TABLES[CONTENT]} (received_at, updated_at, {names})"
        f" SELECT %(received_at)s, %(received_at)s, {names} FROM {_records(CONTENT, '%(rows)s')} ORDER BY ordinality"
        f" {_UNLESS_STORED}",
        [defaults | row for row in rows],
        received_at,
    )
    return {(profile, platform_id): id for profile, platform_id, id in inserted}


class Inserted(NamedTuple):
    """An inserted row: whether replies that came before wait for it, and whether these are in a thread of their own."""

    id: int
    is_awaited: bool
    replies_move: bool


def insert_interactions(rows: Sequence[dict[str, Any]], received_at: datetime) -> dict[Key, Inserted]:
    """Insert the comments and messages that do not exist yet, and add them to their threads.

    They are linked to their content and parents, also to those among the rows. Each row has the provisional `root_ref`
    that `threads/adding.py` describes. A row that does exist is counted by a thread all the same, so the caller must not
    commit then.
    """
    inserted = _insert(_INSERT_INTERACTIONS, rows, received_at)
    return {(profile, platform_id): Inserted(*of_row) for profile, platform_id, *of_row in inserted}


_UNLESS_STORED = "ON CONFLICT (profile_id, platform_id) DO NOTHING RETURNING profile_id, platform_id, id"


def _insert(query: str, rows: Sequence[dict[str, Any]], received_at: datetime) -> list[tuple]:
    with connection.binding_cursor() as cursor:
        cursor.execute(query, {"rows": to_json(rows), "received_at": received_at, "now": received_at})
        return cursor.fetchall()


def update_rows(target: str, rows: Sequence[dict[str, Any]], received_at: datetime) -> None:
    """Set the columns that each row has; a missing column keeps its value."""
    settable = [column for column in _COLUMNS[target] if column not in (*_FIXED, "deleted_at", "hidden_at")]
    changes = [f"{column} = COALESCE(new.{column}, old.{column})" for column in settable]
    changes += [
        "updated_at = GREATEST(%s, old.updated_at)",
        # A row that was created again may still be expired.
        "deleted_at = CASE WHEN new.undeleted THEN old.expired_at ELSE COALESCE(new.deleted_at, old.deleted_at) END",
        # Equal times mean that the row is expired and not deleted by the platform.
        "expired_at = old.expired_at + CASE WHEN new.deleted_at = old.expired_at THEN interval '1 microsecond'"
        " ELSE interval '0' END",
    ]
    if target == INTERACTION:
        changes += [
            "hidden_at = CASE WHEN new.visibility_at IS NULL THEN old.hidden_at ELSE new.hidden_at END",
            "content_id = CASE WHEN new.content_ref IS NULL THEN old.content_id ELSE (SELECT id FROM"
            " interactions_content WHERE profile_id = new.profile_id AND platform_id = new.content_ref) END",
            "parent_id = CASE WHEN new.parent_ref IS NULL THEN old.parent_id ELSE (SELECT id FROM"
            " interactions_interaction WHERE profile_id = new.profile_id AND platform_id = new.parent_ref) END",
        ]
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {TABLES[target]} old SET {', '.join(changes)} FROM {_records(target, undeleted='boolean')}"
            " WHERE old.profile_id = new.profile_id AND old.platform_id = new.platform_id",
            [received_at, to_json(rows)],
        )


def link_references(target: str, inserted: dict[Key, int]) -> None:
    """Link comments and threads to inserted content, or replies to inserted parents (key to row id), if they came before.

    In batches, as hundreds of thousands may reference one row, and statements of web requests have a timeout.
    """
    if target == CONTENT:
        _link("interactions_interaction", "content_id", "content_ref", inserted)
        _link("interactions_thread", "content_id", "content_ref", inserted)
    else:
        _link("interactions_interaction", "parent_id", "parent_ref", inserted)


def _link(table: str, column: str, reference: str, inserted: dict[Key, int]) -> None:
    profiles, platform_ids = zip(*inserted, strict=True)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT unlinked.id, inserted.id FROM {table} unlinked"
            " JOIN unnest(%s::bigint[], %s::text[], %s::bigint[]) AS inserted (profile_id, platform_id, id)"
            f" ON unlinked.profile_id = inserted.profile_id AND unlinked.{reference} = inserted.platform_id"
            f" WHERE unlinked.{reference} <> '' AND unlinked.{column} IS NULL",
            [list(profiles), list(platform_ids), list(inserted.values())],
        )
        links = cursor.fetchall()
        for start in range(0, len(links), LINKS_PER_STATEMENT):
            cursor.execute(
                f"UPDATE {table} unlinked SET {column} = link.target"
                " FROM unnest(%s::bigint[], %s::bigint[]) AS link (id, target) WHERE unlinked.id = link.id",
                [list(ids) for ids in zip(*links[start : start + LINKS_PER_STATEMENT], strict=True)],
            )


def _records(target: str, parameter: str = "%s", **extra: str) -> str:
    """Return the SQL that unpacks the rows as a table `new`; `extra` are columns that the target's table does not have."""
    columns = _COLUMNS[target] | extra
    typed = ", ".join(f"{column} {sql_type}" for column, sql_type in columns.items())
    names = ", ".join(columns)
    return f"ROWS FROM (json_to_recordset({parameter}::json) AS ({typed})) WITH ORDINALITY AS new ({names}, ordinality)"


_INSERT_INTERACTIONS = f"""
WITH placed AS MATERIALIZED (
    SELECT new.*, {THREAD_ID} AS thread_id, CASE WHEN new.root_ref = new.parent_ref THEN first.id END AS parent_id
    FROM (
        SELECT nextval('interactions_interaction_id_seq') AS id, new.*
        FROM {_records(INTERACTION, "%(rows)s", root_ref="text")}
    ) new {THREAD_JOINS}
), {THREADS}, stored AS (
    INSERT INTO interactions_interaction
        (id, received_at, updated_at, thread_id, content_id, parent_id, {", ".join(_COLUMNS[INTERACTION])})
    SELECT new.id, %(received_at)s, %(received_at)s, coalesce(new.thread_id, inserted.id), content.id,
        coalesce(new.parent_id, parent.id, sibling.id), {", ".join(f"new.{column}" for column in _COLUMNS[INTERACTION])}
    FROM placed new
    LEFT JOIN inserted ON inserted.profile_id = new.profile_id AND inserted.kind = new.type
        AND inserted.root_ref = CASE WHEN new.thread_id IS NULL THEN new.root_ref END
    LEFT JOIN interactions_content content
        ON content.profile_id = new.profile_id AND content.platform_id = NULLIF(new.content_ref, '')
    LEFT JOIN interactions_interaction parent ON parent.profile_id = new.profile_id
        AND parent.platform_id = CASE WHEN new.parent_id IS NULL THEN NULLIF(new.parent_ref, '') END
    LEFT JOIN placed sibling
        ON sibling.profile_id = new.profile_id AND sibling.platform_id = NULLIF(new.parent_ref, '')
    ORDER BY new.ordinality
    {_UNLESS_STORED}, type, parent_ref
)
SELECT profile_id, platform_id, id,
    EXISTS (
        SELECT FROM interactions_interaction reply WHERE reply.profile_id = stored.profile_id
        AND reply.parent_ref = stored.platform_id AND reply.parent_id IS NULL AND reply.parent_ref <> ''
    ),
    type = 'comment' AND parent_ref <> '' AND EXISTS (
        SELECT FROM interactions_thread thread WHERE thread.profile_id = stored.profile_id
        AND thread.kind = 'comment' AND thread.root_ref = stored.platform_id
    )
FROM stored
"""
