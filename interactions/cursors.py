"""Keyset pagination, newest first; called by the API's lists and the inbox pages.

A cursor names the row next to the page, so rows that arrive meanwhile do not shift the pages.
"""

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Q, QuerySet

from accounts.models import User
from interactions.events import read_timestamp

MAX_COUNTED = 10_000  # lists with more rows say "more than"


class CursorError(ValueError):
    """The text is not a cursor that a page has given out."""


class Cursor(NamedTuple):
    """The position next to a row, and the direction to read in: older rows, or newer ones."""

    id: int
    posted_at: datetime | None  # None where rows are ordered by id alone
    newer: bool = False

    def condition(self) -> Q:
        """Return the filter for the rows on that side of the position."""
        side = "gt" if self.newer else "lt"
        by_id = Q(**{f"id__{side}": self.id})
        if self.posted_at is None:
            return by_id
        at = self.posted_at
        return Q(**{f"posted_at__{side}e": at}) & (Q(**{f"posted_at__{side}": at}) | by_id)

    def __str__(self) -> str:
        at = self.posted_at and self.posted_at.isoformat()
        return base64.urlsafe_b64encode(json.dumps([self.id, at, int(self.newer)]).encode()).decode()


def read_cursor(text: str, *, by_time: bool) -> Cursor:
    """Decode the text of a cursor of a list ordered by time or by id alone; CursorError for any other text."""
    try:
        id, at, newer = json.loads(base64.b64decode(text, altchars="-_", validate=True))
        posted_at = read_timestamp(at) if by_time else None
    except (ValueError, TypeError, OverflowError, binascii.Error, RecursionError) as error:
        raise CursorError("This is not a cursor of this list.") from error
    if type(id) is not int or not 0 <= id < 2**63 or newer not in (0, 1) or by_time != (at is not None):
        raise CursorError("This is not a cursor of this list.")
    return Cursor(id, posted_at, bool(newer))


@dataclass(frozen=True)
class Page:
    """Rows newest first, and the cursors of the next newer and older pages, or None where there is none."""

    rows: list[Any]
    newer: Cursor | None
    older: Cursor | None


def read_page(rows: QuerySet, user: User, cursor_text: str | None, size: int) -> Page:
    """Read the page at the cursor, or the first page, of at most `size` of `rows`, whose QuerySet has `page_for`.

    One query, whose cost does not grow with the number of rows. Raises CursorError.
    """
    by_time = hasattr(rows.model, "posted_at")
    cursor = read_cursor(cursor_text, by_time=by_time) if cursor_text else None
    newer = cursor is not None and cursor.newer
    selected = rows if cursor is None else rows.filter(cursor.condition())
    found = list(selected.page_for(user, size + 1, oldest_first=newer))
    # `page_for` may return fewer rows than exist, as it limits the bytes of a page; `rows_available` counts them.
    available = getattr(found[0], "rows_available", len(found)) if found else 0
    found = found[:size]
    more = available > len(found)
    if newer:
        found.reverse()
    has_newer, has_older = (more, True) if newer else (cursor is not None, more)
    return Page(
        found,
        _cursor_at(found[0], newer=True) if found and has_newer else None,
        _cursor_at(found[-1], newer=False) if found and has_older else None,
    )


def _cursor_at(row: Any, *, newer: bool) -> Cursor:
    return Cursor(row.pk, getattr(row, "posted_at", None), newer)
