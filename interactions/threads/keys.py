"""Says which thread each row belongs to. Called by the ingest and by `moving.py`."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from django.db import connection

from interactions.json_parameters import WANTED_KEYS, keys_to_json
from interactions.merging import Key
from interactions.threads.roots import root_refs

COMMENT, MESSAGE = "comment", "message"


class ThreadKey(NamedTuple):
    """Identifies a thread: `root_ref` is the platform id of its first comment, or the conversation's id."""

    profile_id: int
    kind: str
    root_ref: str


class Link(NamedTuple):
    """What of a row decides its thread."""

    profile_id: int
    platform_id: str
    kind: str
    parent_ref: str
    conversation_id: str

    @property
    def key(self) -> Key:
        return self.profile_id, self.platform_id


def thread_keys(rows: Collection[Link]) -> dict[Key, ThreadKey]:
    """Return the thread of each row. A stored parent that is not among the rows must be in its thread already."""
    comments = {row.key: row.parent_ref for row in rows if row.kind == COMMENT}
    roots = provisional_roots(comments)
    outside = {(profile_id, root) for (profile_id, _), root in roots.items()} - comments.keys()
    stored = _stored_roots(outside) if outside else {}
    return {row.key: ThreadKey(row.profile_id, row.kind, _root(row, roots, stored)) for row in rows}


def _root(row: Link, roots: Mapping[Key, str], stored: Mapping[Key, str]) -> str:
    if row.kind == MESSAGE:
        return row.conversation_id
    root = roots.get(row.key, row.platform_id)
    return stored.get((row.profile_id, root), root)


def provisional_roots(comments: Mapping[Key, str]) -> dict[Key, str]:
    """Return the roots of those comments that have a parent, as far as the comments themselves say.

    The values are the parents' ids, "" for none. A root that is not one of the comments may be stored and have another.
    """
    parents: dict[int, dict[str, str]] = defaultdict(dict)
    for (profile_id, platform_id), parent_ref in comments.items():
        if parent_ref:
            parents[profile_id][platform_id] = parent_ref
    return {
        (profile_id, platform_id): root
        for profile_id, of_profile in parents.items()
        for platform_id, root in root_refs(of_profile).items()
    }


def _stored_roots(comments: Iterable[Key]) -> dict[Key, str]:
    """The root's platform id of each of the comments that is stored and has a thread."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT comment.profile_id, comment.platform_id, thread.root_ref FROM {WANTED_KEYS}"
            " JOIN interactions_interaction comment USING (profile_id, platform_id)"
            f" JOIN interactions_thread thread ON thread.id = comment.thread_id WHERE comment.type = '{COMMENT}'",
            [keys_to_json(list(comments))],
        )
        return {(profile_id, platform_id): root for profile_id, platform_id, root in cursor}
