"""Puts the rows, notes and decisions of a thread in the order in which its pane shows them. Pure.

A conversation of messages is shown by time, with a line for each day. A comment is shown with its replies below it, two
steps deep; notes and decisions stand between the replies by their time.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, tzinfo
from typing import Any

MAX_DEPTH = 2  # steps to the right
SAME_MOMENT = timedelta(minutes=5)  # between rows of one author that are shown as one group


@dataclass(frozen=True)
class Entry:
    """One line of the pane: `kind` is "row", "note", "decision" or "day".

    `depth` is 0 to MAX_DEPTH. `reply_to` is the row that it replies to where the place does not show it. `continues`: it
    belongs to the group of the row before.
    """

    kind: str
    at: datetime
    item: Any
    depth: int = 0
    reply_to: Any = None
    continues: bool = False


def conversation(
    rows: Sequence[Any], notes: Iterable[Any], decisions: Iterable[Any], zone: tzinfo
) -> list[Entry]:
    """Return the entries of a conversation of messages."""
    entries = [Entry("row", row.posted_at, row) for row in rows] + _note_and_decision_entries(
        notes, decisions
    )
    return list(_with_days(_grouped(sorted(entries, key=_position)), zone))


def comment_tree(
    rows: Sequence[Any], notes: Iterable[Any], decisions: Iterable[Any], root_ref: str
) -> list[Entry]:
    """Return the entries of a comment; `root_ref` is the platform id of the first one, which may be absent."""
    ids = {row.pk for row in rows}
    below: dict[Any, list[Any]] = defaultdict(list)
    first = [row for row in rows if row.platform_id == root_ref]
    root = first[0].pk if first else None
    for row in sorted(rows, key=lambda row: (row.posted_at, row.pk)):
        if row.pk != root:
            below[row.parent_id if row.parent_id in ids else root].append(row)
    branches = [[Entry("row", row.posted_at, row, 0)] for row in first]
    replies = [list(_branch(row, below)) for row in below[root]]
    shown = {entry.item.pk for branch in branches + replies for entry in branch}
    cycles = [[Entry("row", row.posted_at, row, 1)] for row in rows if row.pk not in shown]
    people = [[entry] for entry in _note_and_decision_entries(notes, decisions)]
    later = sorted(replies + cycles + people, key=lambda branch: _position(branch[0]))
    return [entry for branch in branches + later for entry in branch]


def _branch(top: Any, below: dict[Any, list[Any]]) -> Iterator[Entry]:
    """Yield the row and its replies, depth first. It ends: comments in a cycle of parents are never below the first comment."""
    waiting: list[tuple[Any, int, Any]] = [(top, 1, None)]
    while waiting:
        row, depth, parent = waiting.pop()
        yield Entry("row", row.posted_at, row, min(depth, MAX_DEPTH), parent if depth > MAX_DEPTH else None)
        waiting.extend((reply, depth + 1, row) for reply in reversed(below[row.pk]))


def _note_and_decision_entries(notes: Iterable[Any], decisions: Iterable[Any]) -> list[Entry]:
    return [Entry("note", note.created_at, note, 1) for note in notes] + [
        Entry("decision", decision.at, decision, 1) for decision in decisions
    ]


def _position(entry: Entry) -> tuple[datetime, bool, int]:
    return entry.at, entry.kind != "row", entry.item.pk


def _grouped(entries: Iterable[Entry]) -> Iterator[Entry]:
    before: Entry | None = None
    for entry in entries:
        yield replace(entry, continues=True) if before and _same_moment(before, entry) else entry
        before = entry


def _same_moment(before: Entry, entry: Entry) -> bool:
    return (
        before.kind == entry.kind == "row"
        and before.item.author_id == entry.item.author_id
        and entry.at - before.at < SAME_MOMENT
    )


def _with_days(entries: Iterable[Entry], zone: tzinfo) -> Iterator[Entry]:
    shown: date | None = None
    for entry in entries:
        day = entry.at.astimezone(zone).date()
        if day != shown:
            yield Entry("day", entry.at, None)
            entry = replace(entry, continues=False)
        shown = day
        yield entry
