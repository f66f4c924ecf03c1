"""The event types that the ingest accepts. Pure.

A type is declared here and nowhere else: the parser (`interactions/events.py`), the API's schema, the story of a demo, the
simulator and `docs/reference.md` read EVENT_TYPES. A new kind of `change` needs a reader in `interactions/events.py`; the
start fails without one, and when the reader requires other fields than those declared.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from accounts.declarations import InvalidDeclaration, by_name, check_not_empty

CONTENT, INTERACTION = "content", "interaction"  # the tables whose row an event changes
TARGETS: Mapping[str, str] = {  # the table by the part of the type before the dot
    "content": CONTENT,
    "comment": INTERACTION,
    "message": INTERACTION,
}


@dataclass(frozen=True)
class EventType:
    """`change` names the reader of the event; `fields` are required besides `type`, `id` and `occurred_at`.

    A change named like a key of TARGETS creates a row of that type.
    """

    name: str
    label: str
    change: str
    fields: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_not_empty(f"The label of the event type {self.name!r}", self.label)
        subject, _, verb = self.name.partition(".")
        if subject not in TARGETS or not verb:
            raise InvalidDeclaration(
                f"The event type {self.name!r} must be one of {', '.join(TARGETS)}, a dot, and a word."
            )
        if self.change in TARGETS and self.change != subject:
            raise InvalidDeclaration(
                f"The change of the event type {self.name!r} is {self.change!r}, which creates another type of row;"
                f" it must be {subject!r}."
            )

    @property
    def target(self) -> str:
        """The table whose row the event changes: CONTENT or INTERACTION."""
        return TARGETS[self.name.partition(".")[0]]


_COMMENT_FIELDS, _MESSAGE_FIELDS = ("author", "content_id", "text"), ("author", "conversation_id", "text")

CONTENT_PUBLISHED = EventType("content.published", "Content", "content", ("text",))
CONTENT_METRICS = EventType("content.metrics", "Metrics of a post", "metrics", ("metrics",))
COMMENT_CREATED = EventType("comment.created", "Comment", "comment", _COMMENT_FIELDS)
MESSAGE_CREATED = EventType("message.created", "Direct message", "message", _MESSAGE_FIELDS)

EVENT_TYPES: Mapping[str, EventType] = by_name(
    "EVENT_TYPES in interactions/event_types.py",
    (
        CONTENT_PUBLISHED,
        EventType("content.edited", "Edit of content", "edit", ("text",)),
        EventType("content.deleted", "Deletion of content", "deletion"),
        CONTENT_METRICS,
        COMMENT_CREATED,
        EventType("comment.edited", "Edit of a comment", "edit", ("text",)),
        EventType("comment.deleted", "Deletion of a comment", "deletion"),
        EventType("comment.hidden", "Hiding of a comment", "hiding"),
        EventType("comment.unhidden", "Unhiding of a comment", "unhiding"),
        MESSAGE_CREATED,
        EventType("message.edited", "Edit of a message", "edit", ("text",)),
        EventType("message.deleted", "Deletion of a message", "deletion"),
    ),
)
