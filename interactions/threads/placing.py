"""Gives new rows their threads. Called before rows are inserted, by the ingest and for replies, and by `moving.py`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from django.db import connection

from interactions.merging import Key
from interactions.threads.roots import root_refs
from interactions.threads.state import Facts, RowFacts
from interactions.threads.table import FACT_COLUMNS, ThreadKey, insert_threads, read_facts, update_threads
from interactions.upserts import WANTED_KEYS, keys_to_json, to_json

COMMENT, MESSAGE = "comment", "message"


class UnplacedRow(NamedTuple):
    """What of a row decides its thread and the thread's state."""

    profile_id: int
    is_demo: bool
    kind: str
    parent_ref: str
    conversation_id: str
    facts: RowFacts

    @property
    def platform_id(self) -> str:
        return self.facts.position.platform_id

    @property
    def key(self) -> Key:
        return self.profile_id, self.platform_id


class Placement(NamedTuple):
    """The thread's id for each row, the new ones among the ids, and the comments whose replies may be in other threads."""

    thread_ids: dict[Key, int]
    new_threads: set[int]
    moved: list[Key]


@dataclass
class _Known:
    """The stored threads that concern a batch: by key, with ids and facts; and the threads of stored parents."""

    ids: dict[ThreadKey, int] = field(default_factory=dict)
    facts: dict[ThreadKey, Facts] = field(default_factory=dict)
    of_parents: dict[Key, ThreadKey] = field(default_factory=dict)


def place(rows: Sequence[UnplacedRow], now: datetime) -> Placement:
    """Add the rows to their threads, existing or new, and return the threads' ids.

    `now` is the time for which states are computed. The caller holds the profiles' locks and inserts the rows in the same
    transaction. Three statements, whatever the number of rows.
    """
    comments = {row.key: row for row in rows if row.kind == COMMENT}
    known = _read_known(rows, comments)
    keys = _thread_keys(rows, comments, known)
    facts: dict[ThreadKey, Facts] = {}
    for row in rows:
        thread = keys[row.key]
        if thread not in facts:
            facts[thread] = known.facts.get(thread) or Facts()
        facts[thread].add(row.facts)
    new = _write(facts, known, {row.profile_id: row.is_demo for row in rows}, now)
    ids = known.ids | new
    moved = [
        key
        for key, row in comments.items()
        if row.parent_ref and ThreadKey(key[0], COMMENT, key[1]) in known.ids
    ]
    return Placement({key: ids[thread] for key, thread in keys.items()}, set(new.values()), moved)


def _write(
    facts: dict[ThreadKey, Facts], known: _Known, demo_flags: dict[int, bool], now: datetime
) -> dict[ThreadKey, int]:
    """Write the facts of existing threads, and insert the others; return the ids of those."""
    existing = {known.ids[key]: one for key, one in facts.items() if key in known.ids}
    new = {key: one for key, one in facts.items() if key not in known.ids}
    if existing:
        update_threads(existing, now)
    return insert_threads(new, demo_flags, now) if new else {}


def _thread_keys(
    rows: Sequence[UnplacedRow], comments: dict[Key, UnplacedRow], known: _Known
) -> dict[Key, ThreadKey]:
    roots: dict[Key, str] = {}
    parents: dict[int, dict[str, str]] = {}
    for profile_id, platform_id in comments:
        parents.setdefault(profile_id, {})[platform_id] = comments[profile_id, platform_id].parent_ref
    outside: dict[int, dict[str, str]] = {}
    for (profile_id, ref), thread in known.of_parents.items():
        outside.setdefault(profile_id, {})[ref] = thread.root_ref
    for profile_id, of_profile in parents.items():
        found = root_refs(of_profile, outside.get(profile_id, {}))
        roots |= {(profile_id, platform_id): root for platform_id, root in found.items()}
    return {
        row.key: ThreadKey(row.profile_id, row.kind, roots.get(row.key, row.conversation_id)) for row in rows
    }


def _read_known(rows: Sequence[UnplacedRow], comments: dict[Key, UnplacedRow]) -> _Known:
    """Read the threads that the rows name by their conversation, own id or missing parent, and those of stored parents."""
    known = _Known()
    parents = {(row.profile_id, row.parent_ref): None for row in comments.values() if row.parent_ref}
    outside = [key for key in parents if key not in comments]
    if outside:
        _read_threads_of_parents(outside, known)
    names = {ThreadKey(profile, COMMENT, ref): None for profile, ref in (*comments, *outside)}
    names |= {
        ThreadKey(row.profile_id, MESSAGE, row.conversation_id): None for row in rows if row.kind == MESSAGE
    }
    _read_named_threads((name for name in names if name not in known.ids), known)
    return known


_THREAD = ", ".join(f"thread.{name}" for name in ("id", "profile_id", "kind", "root_ref", *FACT_COLUMNS))


def _read_threads_of_parents(keys: list[Key], known: _Known) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT parent.profile_id, parent.platform_id, {_THREAD} FROM {WANTED_KEYS}"
            " JOIN interactions_interaction parent USING (profile_id, platform_id)"
            f" JOIN interactions_thread thread ON thread.id = parent.thread_id WHERE parent.type = '{COMMENT}'",
            [keys_to_json(keys)],
        )
        for profile_id, platform_id, *columns in cursor:
            known.of_parents[profile_id, platform_id] = _note_thread(columns, known)


def _read_named_threads(names: Iterable[ThreadKey], known: _Known) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {_THREAD} FROM json_to_recordset(%s::json) AS named (profile_id bigint, kind text, root_ref text)"
            " JOIN interactions_thread thread USING (profile_id, kind, root_ref)",
            [to_json([name._asdict() for name in names])],
        )
        for columns in cursor:
            _note_thread(columns, known)


def _note_thread(columns: Sequence, known: _Known) -> ThreadKey:
    id, profile_id, kind, root_ref, *facts = columns
    key = ThreadKey(profile_id, kind, root_ref)
    if key not in known.ids:
        known.ids[key], known.facts[key] = id, read_facts(facts)
    return key
