"""Connects the ingest with threads: says where new rows belong, and recomputes the threads of changed rows."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from interactions.merging import Key, Row
from interactions.threads.keys import COMMENT, provisional_roots
from interactions.threads.moving import move_rows
from interactions.threads.recomputing import recompute


def set_roots(rows: Sequence[dict[str, Any]]) -> None:
    """Set the provisional `root_ref` of new rows, whose columns are given (see `threads/adding.py`)."""
    comments: dict[Key, str] = {}
    for row in rows:
        if row["type"] == COMMENT:
            row["root_ref"] = row["platform_id"]
            if row["parent_ref"]:
                comments[row["profile_id"], row["platform_id"]] = row["parent_ref"]
        else:
            row["root_ref"] = row["conversation_id"]
    if not comments:
        return
    roots = provisional_roots(comments)
    for row in rows:
        if row["type"] == COMMENT and row["parent_ref"]:
            row["root_ref"] = roots[row["profile_id"], row["platform_id"]]


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
