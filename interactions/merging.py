"""Folding events into rows. Pure: what is stored comes in as versions, what to write comes out.

A row is deleted when its newest deletion is not earlier than its newest creation. An earlier deletion can never hold
again, as the newest creation only gets later: it is forgotten, and whoever sends it again is answered `duplicate`.
"""

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
            shown = self.versions.get(aspect)
            if (shown is None or version > shown) and not (aspect == "deletion" and self._overtakes(version)):
                self.versions[aspect] = version
                self.values[aspect] = value
                changed = True
        if changed and "deletion" in self.versions and self._overtakes(self.versions["deletion"]):
            del self.versions["deletion"]
            self.values["deletion"] = False
        if self.exists and not existed:
            return CREATED
        return UPDATED if changed else DUPLICATE

    def _overtakes(self, deletion: Version) -> bool:
        """Whether the row was created, or created again, after that deletion."""
        created = self.versions.get("created")
        return created is not None and created[0] > deletion[0]


def fold(events: list[tuple[Key, Event]], rows: dict[Key, Row]) -> list[str]:
    """Apply `events` in order to `rows`, adding rows not known yet; return one status per event."""
    statuses = []
    for key, event in events:
        row = rows.get(key)
        if row is None:
            row = rows[key] = Row()
        statuses.append(row.apply(event.changes))
    return statuses
