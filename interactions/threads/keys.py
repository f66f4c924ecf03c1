"""Says which thread each row belongs to. Called by the modules that give rows their threads."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import NamedTuple

from django.db import connection

from interactions.merging import Key
from interactions.threads.roots import root_refs
from interactions.upserts import WANTED_KEYS, keys_to_json

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


def thread_keys(rows: Sequence[Link]) -> dict[Key, ThreadKey]:
    """Return the thread of each row, in one statement, or none when no row is a reply to a row that is not among them.

    A parent that is stored and not among the rows must be in its thread already, or counts as missing.
    """
    replies = {row.key: row for row in rows if row.kind == COMMENT and row.parent_ref}
    comments = {row.key for row in rows if row.kind == COMMENT}
    outside = {(row.profile_id, row.parent_ref) for row in replies.values()} - comments
    roots = _roots(replies, comments, _stored_roots(outside) if outside else {})
    return {
        row.key: ThreadKey(
            row.profile_id,
            row.kind,
            row.conversation_id if row.kind == MESSAGE else roots.get(row.key, row.platform_id),
        )
        for row in rows
    }


def _roots(replies: dict[Key, Link], comments: set[Key], stored: dict[Key, str]) -> dict[Key, str]:
    """The root's platform id of each reply; `comments` are those of the rows, replies and others."""
    parents: dict[int, dict[str, str]] = defaultdict(dict)
    for profile_id, platform_id in comments if replies else ():
        reply = replies.get((profile_id, platform_id))
        parents[profile_id][platform_id] = reply.parent_ref if reply else ""
    outside: dict[int, dict[str, str]] = defaultdict(dict)
    for (profile_id, platform_id), root in stored.items():
        outside[profile_id][platform_id] = root
    return {
        (profile_id, platform_id): root
        for profile_id, of_profile in parents.items()
        for platform_id, root in root_refs(of_profile, outside[profile_id]).items()
    }


def _stored_roots(comments: Collection[Key]) -> dict[Key, str]:
    """The root's platform id of each of the comments that is stored and has a thread."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT comment.profile_id, comment.platform_id, thread.root_ref FROM {WANTED_KEYS}"
            " JOIN interactions_interaction comment USING (profile_id, platform_id)"
            f" JOIN interactions_thread thread ON thread.id = comment.thread_id WHERE comment.type = '{COMMENT}'",
            [keys_to_json(list(comments))],
        )
        return {(profile_id, platform_id): root for profile_id, platform_id, root in cursor}
