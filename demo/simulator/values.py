"""The plain values that go in and out of the simulator."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from interactions.event_types import COMMENT_CREATED, CONTENT_METRICS, CONTENT_PUBLISHED, MESSAGE_CREATED

CONTENT, COMMENT, MESSAGE, METRICS = (
    one.name for one in (CONTENT_PUBLISHED, COMMENT_CREATED, MESSAGE_CREATED, CONTENT_METRICS)
)
SPIKE, BRAND, FIGURES = "spike", "brand", "figures"  # origins of what no quota counts


@dataclass(frozen=True, slots=True)
class World:
    """What every draw depends on besides its window.

    `posting_hour` is a local hour, 0 to 23, in `time_zone`, where the audience lives; None means 10:00 UTC. `products`
    are names that take the place of the niche's own.
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
        """The brand as the author of what it says there."""
        return Author(self.platform_id, self.handle, self.display_name)


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

    @property
    def first_name(self) -> str:
        return "".join(self.name.split()[:1]).capitalize()


class Metrics(NamedTuple):
    """A piece's figures so far; `comments` are those that the others follow."""

    views: int
    likes: int
    shares: int
    comments: int


class Event(NamedTuple):
    """One planned event; also what planning looks back on. `at` is UTC in whole seconds.

    `origin` is empty for what a quota counts. `memo` is what the simulator has to know of it later; nobody is sent it.
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


def event_payload(event: Event) -> dict[str, Any]:
    """The webhook's event without `occurred_at`; absent fields are left out."""
    payload: dict[str, Any] = {"type": event.type, "id": event.platform_id}
    if event.type == METRICS and event.metrics is not None:
        return payload | {"metrics": event.metrics._asdict()}
    payload["text"] = event.text
    if event.author is not None:
        payload["author"] = event.author._asdict()
    return payload | {name: value for name in _OPTIONAL if (value := getattr(event, name)) is not None}


def remembered(event: Event) -> dict[str, Any]:
    """The payload as the story keeps it, with the memo."""
    return event_payload(event) | ({MEMO: event.memo} if event.memo else {})


def from_payload(
    type: str, platform: str, platform_id: str, at: datetime, payload: dict[str, Any], origin: str = ""
) -> Event:
    """The inverse of `remembered`, for an event that happened at `at` (UTC)."""
    author, metrics = payload.get("author"), payload.get("metrics")
    return Event(
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
