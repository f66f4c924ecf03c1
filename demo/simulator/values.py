"""The plain values that go in and out of the simulator."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

CONTENT, COMMENT, MESSAGE = "content.published", "comment.created", "message.created"


@dataclass(frozen=True, slots=True)
class World:
    """What every draw depends on besides its window.

    `posting_hour` is a local hour, 0 to 23, in `time_zone`; None means 10:00 UTC.
    """

    seed: int
    platforms: tuple[str, ...]
    niche: str
    brand: str
    language: str
    time_zone: str = "UTC"
    posting_hour: int | None = None
    viral_spikes: bool = True
    rhythm: str = "steady"


@dataclass(frozen=True, slots=True)
class ProfileSpec:
    """One of the brand's own profiles."""

    platform: str
    platform_id: str
    handle: str
    display_name: str


@dataclass(frozen=True, slots=True)
class Quota:
    """How many pieces, comments and messages a draw brings."""

    content: int = 0
    comments: int = 0
    messages: int = 0


class Author(NamedTuple):
    id: str
    handle: str
    name: str


class Event(NamedTuple):
    """One planned event; also what planning looks back on. `at` is UTC in whole seconds."""

    type: str
    platform: str
    platform_id: str
    at: datetime
    text: str
    author: Author | None = None
    content_id: str | None = None
    parent_id: str | None = None
    conversation_id: str | None = None
    url: str | None = None
    kind: str | None = None


_OPTIONAL = ("content_id", "parent_id", "conversation_id", "url", "kind")


def event_payload(event: Event) -> dict[str, Any]:
    """The webhook's event without `occurred_at`; absent fields are left out."""
    payload: dict[str, Any] = {"type": event.type, "id": event.platform_id, "text": event.text}
    if event.author is not None:
        payload["author"] = event.author._asdict()
    return payload | {name: value for name in _OPTIONAL if (value := getattr(event, name)) is not None}


def from_payload(type: str, platform: str, platform_id: str, at: datetime, payload: dict[str, Any]) -> Event:
    """The inverse of event_payload, for an event that happened at `at` (UTC)."""
    author = payload.get("author")
    return Event(
        type,
        platform,
        platform_id,
        at,
        payload["text"],
        Author(author["id"], author["handle"], author["name"]) if author else None,
        *(payload.get(name) for name in _OPTIONAL),
    )
