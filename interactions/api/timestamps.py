"""Reads days and times in query parameters; called by filters and serializers."""

import re
from datetime import UTC, date, datetime, time, timedelta

from interactions.events import read_timestamp

INVALID_TIME = (
    "Send a day such as 2026-01-31 or a time with an offset such as 2026-01-31T12:00:00Z; a + in an address must be"
    " encoded."
)
_DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")


def read_day_or_timestamp(text: str, *, end_of_day: bool = False) -> datetime:
    """Return the time in `text`, in the form of an event's `occurred_at`, or the start (or end) of a UTC day.

    Raises ValueError or OverflowError when `text` is neither.
    """
    if is_day(text):
        return datetime.combine(date.fromisoformat(text) + timedelta(days=end_of_day), time(), UTC)
    return read_timestamp(text)


def is_day(text: str) -> bool:
    """Whether the text has the form of a day."""
    return _DAY.fullmatch(text) is not None
