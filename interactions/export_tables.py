"""The columns of the exports, a table for each list; called by `interactions/exports.py` and `interactions/api/exports.py`.

A table has the fields of the list's serializer in their order. The members of an object are columns of their own; a list
is one cell, in JSON.
"""

import json
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any, NamedTuple

from interactions.csv_cells import Value
from interactions.models import Interaction, Thread
from interactions.threads.showing import add_shown


class Column(NamedTuple):
    """A column of an export: its name in the first line, and its value of a row."""

    name: str
    value: Callable[[Any], Value]


class Table(NamedTuple):
    """The columns of an export, and `complete`, which reads what they need beside the query of the rows.

    `complete` is called with the rows of each page, and runs a number of queries that does not depend on them.
    """

    columns: tuple[Column, ...]
    complete: Callable[[Sequence[Any]], None] = lambda rows: None


def attributes(*names: str) -> list[Column]:
    """Return a column for each attribute of a row, with its name."""
    return [Column(name, attrgetter(name)) for name in names]


def _visible_content(row: Interaction | Thread) -> int | None:
    return row.visible_content.pk if row.visible_content else None


def _visible_parent(row: Interaction) -> int | None:
    return row.visible_parent.pk if row.visible_parent else None


def _json(value: list) -> str:
    return json.dumps(value, ensure_ascii=False)


def _moderation(row: Interaction) -> tuple[Value, Value, Value]:
    request = getattr(row, "moderation", None)
    return (
        (request.action, request.status(row.database_time), request.until) if request else (None, None, None)
    )


INTERACTIONS = Table(
    columns=(
        *attributes("id"),
        Column("profile", attrgetter("profile_id")),
        Column("platform", attrgetter("profile.platform")),
        Column("content", _visible_content),
        Column("parent", _visible_parent),
        *attributes("platform_id", "type", "direction", "author_id", "author_handle", "author_name"),
        *attributes("conversation_id", "text", "status", "sentiment", "send_status", "send_error"),
        *attributes("posted_at", "received_at", "is_demo", "deleted_at"),
        Column("thread", attrgetter("thread_id")),
        *attributes("hidden_at"),
        Column("attachments", lambda row: _json(row.attachments)),
        Column("moderation_action", lambda row: _moderation(row)[0]),
        Column("moderation_status", lambda row: _moderation(row)[1]),
        Column("moderation_until", lambda row: _moderation(row)[2]),
    )
)


def _author(name: str) -> Column:
    return Column(name, lambda thread: thread.author_row and getattr(thread.author_row, name))


def _last(name: str, attribute: str = "") -> Column:
    return Column(
        f"last_{name}", lambda thread: thread.last_row and getattr(thread.last_row, attribute or name)
    )


THREADS = Table(
    columns=(
        *attributes("id"),
        Column("profile", attrgetter("profile_id")),
        Column("platform", attrgetter("profile.platform")),
        *attributes("kind", "root_ref"),
        Column("content", _visible_content),
        *attributes("status", "snoozed_until", "unread"),
        Column("labels", lambda thread: _json(thread.label_names)),
        *attributes("active_at", "last_at", "last_in_at", "last_out_at", "sentiment", "is_demo"),
        *(_author("author_id"), _author("author_handle"), _author("author_name")),
        *(_last("id"), _last("direction"), _last("text", "text_start")),
        *(_last("posted_at"), _last("send_status")),
    ),
    complete=add_shown,
)
