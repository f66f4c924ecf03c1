"""Merges events into rows. Pure: takes the stored versions, returns the values to write; called by the ingest.

A row is deleted when its newest deletion is not earlier than its newest creation. An earlier deletion can never hold
again, because the newest creation only gets later. So it is not stored, and a repeated one is answered `duplicate`.

A future event (dated more than a day after its receipt, so it was kept as a dead letter and replayed) is weaker than
the others: its time is wrong or not yet true, and by time alone it would win over all of them.
"""

from dataclasses import dataclass, field
from typing import Any

from interactions.events import BY_EDIT, MAX_FUTURE_OFFSET, MICROSECOND, Change, Event, Version

CREATED, DUPLICATE, UPDATED, REJECTED = "created", "duplicate", "updated", "rejected"

Key = tuple[int, str]  # profile id, platform id
# Identifies a version of an aspect: microseconds since 1970, and its digest or metric.
Stamp = tuple[int, int]


@dataclass(slots=True)
class Row:
    """One target row: its current versions and the values that this batch changes."""

    id: int | None = None
    thread_id: int | None = None
    versions: dict[str, Version] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    # By aspect, the stamp of the last version that a future event has stored.
    future_stamps: dict[str, Stamp] = field(default_factory=dict)

    @property
    def exists(self) -> bool:
        return "created" in self.versions

    @property
    def stored(self) -> bool:
        return self.id is not None

    def apply(self, changes: tuple[Change, ...], future_received_at: int | None = None) -> str:
        """Apply each change that is newer than the row's version; return the event's status.

        `future_received_at` is the receipt of a future event in microseconds since 1970; None for other events.
        """
        existed = self.exists
        changed = False
        if future_received_at is not None:
            changes = self._changes_of_future_event(changes, future_received_at)
        for aspect, version, value in changes:
            if not self._is_newer(aspect, version):
                continue
            self.versions[aspect] = version
            self.values[aspect] = value
            changed = True
            if future_received_at is not None:
                self.future_stamps[aspect] = stamp(version)
        if changed and "deletion" in self.versions and self._created_after(self.versions["deletion"]):
            del self.versions["deletion"]
            self.values["deletion"] = False
        if self.exists and not existed:
            return CREATED
        return UPDATED if changed else DUPLICATE

    def _is_newer(self, aspect: str, version: Version) -> bool:
        current = self.versions.get(aspect)
        if aspect == "deletion" and self._created_after(version):
            return False
        return current is None or version > current

    def _changes_of_future_event(
        self, changes: tuple[Change, ...], future_received_at: int
    ) -> tuple[Change, ...]:
        """Return those changes of a future event that it may make.

        It may neither create a row that exists or is deleted, nor change an aspect that the row must keep.
        """
        if changes[0].aspect == "created":
            if self.exists or "deletion" in self.versions:
                return ()
            return tuple(change for change in changes if change.aspect not in self.versions)
        return tuple(change for change in changes if not self._must_keep(change.aspect, future_received_at))

    def _must_keep(self, aspect: str, future_received_at: int) -> bool:
        """Whether a future event must leave the aspect of the row unchanged.

        So it is with an edit or a metric that another kind of event stored, with any deletion, and with a deletion of a
        row that another kind of event created after the future event's receipt. The text of a creation may be replaced.
        """
        current = self.versions.get(aspect)
        if aspect == "deletion":
            created = self.versions.get("created")
            created_again = (
                created is not None
                and created[0] > future_received_at
                and not self._is_from_future_event("created")
            )
            return current is not None or created_again
        if current is None or (aspect == "text" and current[1] != BY_EDIT):
            return False
        return not self._is_from_future_event(aspect)

    def _is_from_future_event(self, aspect: str) -> bool:
        return self.future_stamps.get(aspect) == stamp(self.versions[aspect])

    def _created_after(self, deletion: Version) -> bool:
        """Whether the newest creation of the row is later than the deletion."""
        created = self.versions.get("created")
        return created is not None and created[0] > deletion[0]


def stamp(version: Version) -> Stamp:
    """Return what identifies a version among all versions of the same aspect."""
    return version[0], version[-1]


def max_event_time(received_at: int) -> int:
    """Return the latest time that an event received at `received_at` may have; both in microseconds since 1970."""
    return received_at + MAX_FUTURE_OFFSET // MICROSECOND


def apply_events(events: list[tuple[Key, Event, int | None]], rows: dict[Key, Row]) -> list[str]:
    """Apply `events` in order to `rows`, adding missing rows; return one status per event.

    Each event comes with its row's key and, for a future event, its receipt in microseconds since 1970.
    """
    statuses = []
    for key, event, future_received_at in events:
        row = rows.get(key)
        if row is None:
            row = rows[key] = Row()
        statuses.append(row.apply(event.changes, future_received_at))
    return statuses
