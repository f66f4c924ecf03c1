"""Folding events into rows. Pure: what is stored comes in as versions, what to write comes out.

A row is deleted when its newest deletion is not earlier than its newest creation. An earlier deletion can never hold
again, as the newest creation only gets later: it is forgotten, and whoever sends it again is answered `duplicate`.

An event whose time was ahead when it came, which is why it was kept as a dead letter, is weaker than those whose times
were not: by its time, which is wrong or not yet true, it would win over all of them.
"""

from dataclasses import dataclass, field
from typing import Any

from interactions.events import BY_EDIT, MAX_AHEAD, MICROSECOND, Change, Event, Version

CREATED, DUPLICATE, UPDATED, REJECTED = "created", "duplicate", "updated", "rejected"

Key = tuple[int, str]  # profile id, platform id
Stamp = tuple[int, int]  # of a version: its microseconds since 1970, and its digest or figure


@dataclass(slots=True)
class Row:
    """One target row: the versions it shows so far and the values that this batch changes."""

    id: int | None = None
    versions: dict[str, Version] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    # By aspect, the last version that came ahead of its time and was stored all the same.
    came_ahead: dict[str, Stamp] = field(default_factory=dict)

    @property
    def exists(self) -> bool:
        return "created" in self.versions

    @property
    def stored(self) -> bool:
        return self.id is not None

    def apply(self, changes: tuple[Change, ...], letter_received_at: int | None = None) -> str:
        """Take each change that is newer than what the row shows; return the event's status.

        `letter_received_at` is when an event came whose time was ahead then, in microseconds since 1970.
        """
        existed = self.exists
        changed = False
        if letter_received_at is not None:
            changes = self._not_overruled(changes, letter_received_at)
        for aspect, version, value in changes:
            shown = self.versions.get(aspect)
            if (shown is None or version > shown) and not (aspect == "deletion" and self._overtakes(version)):
                self.versions[aspect] = version
                self.values[aspect] = value
                changed = True
                if letter_received_at is not None:
                    self.came_ahead[aspect] = stamp(version)
        if changed and "deletion" in self.versions and self._overtakes(self.versions["deletion"]):
            del self.versions["deletion"]
            self.values["deletion"] = False
        if self.exists and not existed:
            return CREATED
        return UPDATED if changed else DUPLICATE

    def _not_overruled(self, changes: tuple[Change, ...], letter_received_at: int) -> tuple[Change, ...]:
        """Those of an event that was kept because its time was ahead, which no event with a better time speaks against.

        It creates nothing that exists or is deleted, and puts its own in no place where such an event has put something.
        """
        if changes[0].aspect == "created":
            gone = self.exists or "deletion" in self.versions
            return () if gone else tuple(one for one in changes if one.aspect not in self.versions)
        return tuple(one for one in changes if not self._overrules(one.aspect, letter_received_at))

    def _overrules(self, aspect: str, letter_received_at: int) -> bool:
        """Whether an event whose time was not ahead has put something in the place of such a change."""
        shown = self.versions.get(aspect)
        if aspect == "deletion":
            created = self.versions.get("created")
            again = created is not None and created[0] > letter_received_at and self._came_in_time("created")
            return shown is not None or again
        if shown is None or (aspect == "text" and shown[1] != BY_EDIT):
            return False
        return self._came_in_time(aspect)

    def _came_in_time(self, aspect: str) -> bool:
        """Whether what the row shows of that aspect came with a time that was not ahead."""
        return self.came_ahead.get(aspect) != stamp(self.versions[aspect])

    def _overtakes(self, deletion: Version) -> bool:
        """Whether the row was created, or created again, after that deletion."""
        created = self.versions.get("created")
        return created is not None and created[0] > deletion[0]


def stamp(version: Version) -> Stamp:
    """What tells a version of a row's aspect from all others of that aspect."""
    return version[0], version[-1]


def latest_at(received_at: int) -> int:
    """The latest time, in microseconds since 1970, that an event may have which comes at `received_at`."""
    return received_at + MAX_AHEAD // MICROSECOND


def fold(events: list[tuple[Key, Event, int | None]], rows: dict[Key, Row]) -> list[str]:
    """Apply `events` in order to `rows`, adding rows not known yet; return one status per event.

    Each has its row's key and, if its time was ahead when it came, the time of its receipt.
    """
    statuses = []
    for key, event, letter_received_at in events:
        row = rows.get(key)
        if row is None:
            row = rows[key] = Row()
        statuses.append(row.apply(event.changes, letter_received_at))
    return statuses
