"""Folding events into rows. Pure: what is stored comes in as versions, what to write comes out."""

from dataclasses import dataclass, field
from typing import Any

from interactions.events import Change, Event, Version

CREATED, DUPLICATE, UPDATED, REJECTED = "created", "duplicate", "updated", "rejected"

Key = tuple[int, str]  # profile id, platform id


@dataclass(slots=True)
class Row:
    """One target row: the versions it shows so far and the values that this batch changes."""

    id: int | None = None
    versions: dict[str, Version] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)

    @property
    def exists(self) -> bool:
        return "created" in self.versions

    @property
    def stored(self) -> bool:
        return self.id is not None

    def apply(self, changes: tuple[Change, ...]) -> str:
        """Take each change that is newer than what the row shows; return the event's status."""
        existed = self.exists
        changed = False
        for aspect, version, value in changes:
            if aspect not in self.versions or version > self.versions[aspect]:
                self.versions[aspect] = version
                self.values[aspect] = value
                changed = True
        if self.exists and not existed:
            return CREATED
        return UPDATED if changed else DUPLICATE


def fold(events: list[tuple[Key, Event]], rows: dict[Key, Row]) -> list[str]:
    """Apply `events` in order to `rows`, adding rows not known yet; return one status per event."""
    statuses = []
    for key, event in events:
        row = rows.get(key)
        if row is None:
            row = rows[key] = Row()
        statuses.append(row.apply(event.changes))
    return statuses
