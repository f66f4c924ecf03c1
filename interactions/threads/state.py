"""The state of a thread as a function of its rows and of a person's latest decision. Pure.

Facts are maxima, so rows can be added in any order and more than once; what leaves a thread needs new facts
(`recomputing.py`).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

OPEN, SNOOZED, DONE = "open", "snoozed", "done"


class Position(NamedTuple):
    """The place of a row within its thread: by time, then by platform id."""

    at: datetime
    platform_id: str


class Decision(NamedTuple):
    """The latest decision of a person. It holds until a received row is newer than `covers`."""

    at: datetime
    status: str
    until: datetime | None  # of a snooze
    covers: Position | None  # the newest received row that the person saw


class RowFacts(NamedTuple):
    """What of one row decides the state of its thread."""

    position: Position
    received_at: datetime
    is_received: bool  # otherwise sent by the brand
    is_visible: bool
    is_hidden: bool
    closes: bool  # a sent row that makes the thread done; false when sending failed
    content_ref: str


@dataclass(slots=True)
class Facts:
    """What of all rows of a thread, and of the people who work on it, decides its state."""

    content_ref: str = ""  # the smallest of all rows, as they may differ
    last: Position | None = None  # the newest visible row
    last_in: Position | None = None  # the newest visible received row that is not hidden
    last_in_received_at: datetime | None = None
    sentiment: str | None = None  # of `last_in`
    last_out_at: datetime | None = None
    answered_at: datetime | None = None
    decision: Decision | None = None
    read_at: datetime | None = None

    def add(self, row: RowFacts) -> None:
        if row.content_ref and (not self.content_ref or row.content_ref < self.content_ref):
            self.content_ref = row.content_ref
        if not row.is_visible:
            return
        at = row.position.at
        if self.last is None or row.position > self.last:
            self.last = row.position
        if not row.is_received:
            self.last_out_at = _later(self.last_out_at, at)
            if row.closes:
                self.answered_at = _later(self.answered_at, at)
        elif not row.is_hidden:
            self.last_in_received_at = _later(self.last_in_received_at, row.received_at)
            if self.last_in is None or row.position > self.last_in:
                self.last_in, self.sentiment = row.position, None

    def mark_read(self, now: datetime, seen_until: datetime | None = None) -> None:
        """Mark as read what was received until `seen_until`, or all that is stored, and a snooze that has ended.

        Not all until `now`: a row may be stored after that which was received before it.
        """
        read = [self.read_at, seen_until or self.last_in_received_at]
        if self.decision and self.decision.until and self.decision.until <= now:
            read.append(self.decision.until)
        self.read_at = max((time for time in read if time), default=None)


def _later(one: datetime | None, other: datetime) -> datetime:
    return other if one is None or other > one else one


class State(NamedTuple):
    """`active_at` is the time by which lists sort; None when no row is visible."""

    status: str
    snoozed_until: datetime | None
    unread: bool
    active_at: datetime | None


def state_of(facts: Facts, now: datetime) -> State:
    """Return the state at `now`, which matters only for the end of a snooze.

    A decision holds while it covers the newest received row. An answer closes a thread that nobody decided on since, and
    a snooze that has ended leaves the thread open and unread.
    """
    last_in, decision, answered_at = facts.last_in, facts.decision, facts.answered_at
    answered = answered_at is not None and (last_in is None or answered_at > last_in.at)
    unread = last_in is not None and not answered and _is_after(facts.last_in_received_at, facts.read_at)
    active_at = facts.last.at if facts.last else None
    until = None
    if decision is not None and (last_in is None or _covers(decision, last_in)):
        status = decision.status
        if status in (OPEN, SNOOZED) and answered and _is_after(answered_at, decision.at):
            status = DONE
        elif status == SNOOZED and decision.until is not None:
            if decision.until > now:
                until = decision.until
            else:
                status = OPEN
                unread = unread or _is_after(decision.until, facts.read_at)
                active_at = active_at and max(active_at, decision.until)
    else:
        status = OPEN if last_in is not None and not answered else DONE
    return State(status, until, unread and active_at is not None, active_at)


def _covers(decision: Decision, last_in: Position) -> bool:
    return decision.covers is not None and last_in <= decision.covers


def _is_after(time: datetime | None, other: datetime | None) -> bool:
    return time is not None and (other is None or time > other)
