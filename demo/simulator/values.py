"""The plain values that enter and leave the simulator. Called by the simulator, and by the engine that stores its events."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from interactions.event_types import COMMENT_CREATED, CONTENT_METRICS, CONTENT_PUBLISHED, MESSAGE_CREATED

CONTENT, COMMENT, MESSAGE, METRICS = (
    event_type.name for event_type in (CONTENT_PUBLISHED, COMMENT_CREATED, MESSAGE_CREATED, CONTENT_METRICS)
)
# Origins of the events that count against no quota: comments of a spike, the brand's texts, reports of metrics.
ORIGINS = SPIKE_ORIGIN, BRAND_ORIGIN, METRICS_ORIGIN = "spike", "brand", "figures"


@dataclass(frozen=True, slots=True)
class World:
    """The seed and the settings that every draw depends on.

    `posting_hour` is a local hour, 0 to 23, in the audience's `time_zone`; None means the start of the content window.
    `products` are names that replace the niche's own products.
    """

    seed: int
    platforms: tuple[str, ...]
    niche: str
    brand: str
    language: str
    time_zone: str
    posting_hour: int | None
    viral_spikes: bool
    rhythm: str
    products: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ProfileSpec:
    """One of the brand's own profiles."""

    platform: str
    platform_id: str
    handle: str
    display_name: str

    @property
    def author(self) -> "Author":
        """The brand as the author of its texts on that platform."""
        return Author(self.platform_id, self.handle, self.display_name)


@dataclass(frozen=True, slots=True)
class Quota:
    """Numbers of posts, comments and messages to draw."""

    content: int = 0
    comments: int = 0
    messages: int = 0

    @property
    def total(self) -> int:
        return self.content + self.comments + self.messages


class Author(NamedTuple):
    id: str
    handle: str
    name: str

    @property
    def first_name(self) -> str:
        return "".join(self.name.split()[:1]).capitalize()


class Metrics(NamedTuple):
    """A post's metrics so far. Views, likes and shares are computed from `comments`."""

    views: int
    likes: int
    shares: int
    comments: int


class SimulatedEvent(NamedTuple):
    """One planned event, and also one event of the past that later planning reads. `at` is UTC in whole seconds.

    `origin` is empty for events that count against a quota. `memo` is the simulator's own note for later windows: it is
    stored in the story and never sent. `kind` is the kind of a post, such as "reel".
    """

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
    metrics: Metrics | None = None
    memo: str | None = None
    origin: str = ""


_OPTIONAL = ("content_id", "parent_id", "conversation_id", "url", "kind")
MEMO = "memo"


def event_payload(event: SimulatedEvent) -> dict[str, Any]:
    """The event as a webhook sends it, without `occurred_at`; fields that are None are left out."""
    payload: dict[str, Any] = {"type": event.type, "id": event.platform_id}
    if event.type == METRICS and event.metrics is not None:
        return payload | {"metrics": event.metrics._asdict()}
    payload["text"] = event.text
    if event.author is not None:
        payload["author"] = event.author._asdict()
    return payload | {name: value for name in _OPTIONAL if (value := getattr(event, name)) is not None}


def stored_payload(event: SimulatedEvent) -> dict[str, Any]:
    """The event as the story stores it: the webhook's payload and the memo."""
    return event_payload(event) | ({MEMO: event.memo} if event.memo else {})


def from_payload(
    type: str, platform: str, platform_id: str, at: datetime, payload: dict[str, Any], origin: str = ""
) -> SimulatedEvent:
    """The inverse of `stored_payload`, for an event that happened at `at` (UTC)."""
    author, metrics = payload.get("author"), payload.get("metrics")
    return SimulatedEvent(
        type,
        platform,
        platform_id,
        at,
        payload.get("text", ""),
        Author(**author) if author else None,
        metrics=Metrics(**metrics) if metrics else None,
        origin=origin,
        **{name: payload[name] for name in (*_OPTIONAL, MEMO) if name in payload},
    )
