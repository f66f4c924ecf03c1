"""What a browser's page shows now, as it sends it with every request. Pure; called by the inbox's views."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from interactions.events import read_timestamp

# Rows, which fit into an address; of more the browser sends those near the visible part first.
MAX_SHOWN = 250


@dataclass(frozen=True)
class ShownList:
    """The list's rows with the version of each, when it was read, and the open thread with its rows.

    Nothing of it is trusted: unreadable parts are left out.
    """

    rows: Mapping[int, str] = field(default_factory=dict)
    listed_at: datetime | None = None
    open_id: int | None = None
    next_id: int | None = None  # the row below the open one
    seen_id: int | None = None  # the row of the open thread that was stored last among those shown

    @classmethod
    def of(cls, sent: Mapping[str, str]) -> "ShownList":
        return cls(
            rows=_rows(sent.get("shown", "")),
            listed_at=read_time(sent.get("listed", "")),
            open_id=read_id(sent.get("open", "")),
            next_id=read_id(sent.get("next", "")),
            seen_id=read_id(sent.get("seen", "")),
        )

    def with_open(self, id: int | None) -> "ShownList":
        """Return the same with another open thread."""
        return replace(self, open_id=id, seen_id=self.seen_id if id == self.open_id else None)


def _rows(text: str) -> dict[int, str]:
    pairs = (pair.partition(":") for pair in text.split(",", MAX_SHOWN)[:MAX_SHOWN])
    return {id: version for id, version in ((read_id(one), version) for one, _, version in pairs) if id}


def read_id(text: str) -> int | None:
    """Return the id, or None for a text that is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def read_time(text: str) -> datetime | None:
    """Return the time, or None for a text that is none."""
    try:
        return read_timestamp(text)
    except (ValueError, OverflowError):
        return None
