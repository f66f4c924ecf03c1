"""The event types that the ingest accepts. Pure.

A type is declared here and nowhere else: the parser (`interactions/events.py`), the API's schema, the story of a demo, the
simulator and `docs/reference.md` read EVENT_TYPES. A new kind of `change` needs a reader in `interactions/events.py`; the
start fails without one.
"""

from collections.abc import Mapping
from typing import NamedTuple

CONTENT, INTERACTION = "content", "interaction"  # the tables whose row an event changes


class EventType(NamedTuple):
    """`change` names the reader of the event; `fields` are required besides `type`, `id` and `occurred_at`."""

    name: str
    label: str
    target: str
    change: str
    fields: tuple[str, ...] = ()


_COMMENT_FIELDS, _MESSAGE_FIELDS = ("author", "content_id", "text"), ("author", "conversation_id", "text")

CONTENT_PUBLISHED = EventType("content.published", "Content", CONTENT, "content", ("text",))
CONTENT_METRICS = EventType("content.metrics", "Metrics of a post", CONTENT, "metrics", ("metrics",))
COMMENT_CREATED = EventType("comment.created", "Comment", INTERACTION, "comment", _COMMENT_FIELDS)
MESSAGE_CREATED = EventType("message.created", "Direct message", INTERACTION, "message", _MESSAGE_FIELDS)

EVENT_TYPES: Mapping[str, EventType] = {
    event_type.name: event_type
    for event_type in (
        CONTENT_PUBLISHED,
        EventType("content.edited", "Edit of content", CONTENT, "edit", ("text",)),
        EventType("content.deleted", "Deletion of content", CONTENT, "deletion"),
        CONTENT_METRICS,
        COMMENT_CREATED,
        EventType("comment.edited", "Edit of a comment", INTERACTION, "edit", ("text",)),
        EventType("comment.deleted", "Deletion of a comment", INTERACTION, "deletion"),
        MESSAGE_CREATED,
        EventType("message.edited", "Edit of a message", INTERACTION, "edit", ("text",)),
        EventType("message.deleted", "Deletion of a message", INTERACTION, "deletion"),
    )
}
