"""Connects the ingest with threads: new rows get theirs before they are inserted; changed rows make theirs computed anew."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from interactions.events import EPOCH, MICROSECOND
from interactions.merging import Key, Row
from interactions.threads.moving import move_rows
from interactions.threads.placing import UnplacedRow, place
from interactions.threads.recomputing import recompute
from interactions.threads.state import Position, RowFacts


def place_new_rows(
    new: Mapping[Key, Row], columns: Sequence[dict[str, Any]], received_at: datetime
) -> list[Key]:
    """Set `thread_id` in the columns of each new row, which are in the order of `new`.

    Returns the keys of comments whose replies arrived before them and must move, when the comments are inserted.
    """
    unplaced = [
        _unplaced(row, values, received_at) for row, values in zip(new.values(), columns, strict=True)
    ]
    placement = place(unplaced, received_at)
    for row, values in zip(unplaced, columns, strict=True):
        values["thread_id"] = placement.thread_ids[row.key]
    return placement.moved


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


def _unplaced(row: Row, values: dict[str, Any], received_at: datetime) -> UnplacedRow:
    return UnplacedRow(
        values["profile_id"],
        values["is_demo"],
        values["type"],
        values["parent_ref"],
        values["conversation_id"],
        RowFacts(
            Position(_time(row.versions["created"][0]), values["platform_id"]),
            received_at,
            is_received=values["direction"] == "in",
            is_visible=values.get("deleted_at") is None,
            is_hidden=values.get("hidden_at") is not None,
            closes=values["closes"],
            content_ref=values["content_ref"],
        ),
    )


@lru_cache(maxsize=4_096)
def _time(micros: int) -> datetime:
    """Cached, as many rows of a batch have the same times."""
    return EPOCH + micros * MICROSECOND
