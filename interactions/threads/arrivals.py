"""Connects the ingest with threads: says where new rows belong, and makes the threads of changed rows computed anew."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from interactions.merging import Key, Row
from interactions.threads.keys import COMMENT, provisional_roots, roots_among
from interactions.threads.moving import move_rows
from interactions.threads.recomputing import recompute


def set_roots(rows: Mapping[Key, dict[str, Any]]) -> list[Key]:
    """Set the provisional `root_ref` of the new rows, whose columns are given (see `threads/adding.py`).

    Returns the keys of comments whose replies came before them and must move when the comments are inserted.
    """
    for row in rows.values():
        row["root_ref"] = row["platform_id"] if row["type"] == COMMENT else row["conversation_id"]
    comments = {key: row["parent_ref"] for key, row in rows.items() if row["type"] == COMMENT}
    roots = provisional_roots(comments)
    for key, root in roots.items():
        rows[key]["root_ref"] = root
    return roots_among(roots) if roots else []


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
