"""Keyset pagination by time; called by the API's lists, exports and the inbox pages.

A cursor names the row next to the page, so rows that arrive meanwhile do not shift the pages. A model's TIME_COLUMN is
the column that orders its lists; lists of a model without one are ordered by id.
"""

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from django.db.models import Model, Q, QuerySet

from accounts.models import User
from interactions.events import read_timestamp

MAX_COUNTED = 10_000  # lists with more rows say "more than"


class CursorError(ValueError):
    """The text is not a cursor that a page has given out."""


class Cursor(NamedTuple):
    """The position next to a row, and the direction to read in: older rows, or newer ones."""

    id: int
    at: datetime | None  # None where rows are ordered by id alone
    newer: bool = False

    def condition(self, column: str | None) -> Q:
        """Return the filter for the rows on that side of the position; `column` is the time that orders the list."""
        side = "gt" if self.newer else "lt"
        by_id = Q(**{f"id__{side}": self.id})
        if column is None:
            return by_id
        return Q(**{f"{column}__{side}e": self.at}) & (Q(**{f"{column}__{side}": self.at}) | by_id)

    def __str__(self) -> str:
        at = self.at and self.at.isoformat()
        return base64.urlsafe_b64encode(json.dumps([self.id, at, int(self.newer)]).encode()).decode()


def read_cursor(text: str, *, by_time: bool) -> Cursor:
    """Decode the text of a cursor of a list ordered by time or by id alone; CursorError for any other text."""
    try:
        id, at, newer = json.loads(base64.b64decode(text, altchars="-_", validate=True))
        read_at = read_timestamp(at) if by_time else None
    except (ValueError, TypeError, OverflowError, binascii.Error, RecursionError) as error:
        raise CursorError("This is not a cursor of this list.") from error
    if type(id) is not int or not 0 <= id < 2**63 or newer not in (0, 1) or by_time != (at is not None):
        raise CursorError("This is not a cursor of this list.")
    return Cursor(id, read_at, bool(newer))


# The position after the newest row of a list by time. Reading from there gives the list's newest rows.
NEWEST = Cursor(2**63 - 1, datetime(9999, 12, 31, tzinfo=UTC))


@dataclass(frozen=True)
class Page:
    """Rows in the order of the list, and the cursors of the next newer and older pages, or None where there is none."""

    rows: list[Any]
    newer: Cursor | None
    older: Cursor | None


def read_page(
    rows: QuerySet, user: User, cursor_text: str | None, size: int, *, oldest_first: bool = False
) -> Page:
    """Read the page at the cursor, or the first page, of at most `size` of `rows`, whose QuerySet has `page_for`.

    One query, whose cost does not grow with the number of rows. Raises CursorError.
    """
    column = time_column(rows.model)
    cursor = read_cursor(cursor_text, by_time=column is not None) if cursor_text else None
    newer = cursor.newer if cursor else oldest_first
    selected = rows if cursor is None else rows.filter(cursor.condition(column))
    found = list(selected.page_for(user, size + 1, oldest_first=newer))
    # `page_for` may return fewer rows than exist, as it limits the bytes of a page; `rows_available` counts them.
    available = getattr(found[0], "rows_available", len(found)) if found else 0
    found = found[:size]
    ahead, behind = available > len(found), cursor is not None
    has_newer, has_older = (ahead, behind) if newer else (behind, ahead)
    ascending = found if newer else found[::-1]
    return Page(
        ascending if oldest_first else ascending[::-1],
        _cursor_at(ascending[-1], newer=True) if found and has_newer else None,
        _cursor_at(ascending[0], newer=False) if found and has_older else None,
    )


def time_column(model: type[Model]) -> str | None:
    """Return the column that orders the lists of the model, None for those that are ordered by id."""
    return getattr(model, "TIME_COLUMN", None)


def _cursor_at(row: Any, *, newer: bool) -> Cursor:
    column = time_column(type(row))
    return Cursor(row.pk, getattr(row, column) if column else None, newer)
