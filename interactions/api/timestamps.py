"""Days and times as a query names them."""

import re
from datetime import UTC, date, datetime, time, timedelta

from interactions.events import read_moment

_DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")


def read_day_or_moment(text: str, *, day_ends: bool = False) -> datetime:
    """The time, in the form of an event's `occurred_at`; of a UTC day its start, or with `day_ends` its end.

    Raises ValueError or OverflowError when `text` is neither.
    """
    if _DAY.fullmatch(text):
        return datetime.combine(date.fromisoformat(text) + timedelta(days=day_ends), time(), UTC)
    return read_moment(text)
