"""Lists newest first, page by page, by the key of the row beside the page: rows that arrive meanwhile move nothing."""

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Q, QuerySet

from accounts.models import User
from interactions.events import read_moment

MAX_COUNTED = 10_000  # beyond it a list says "more than"


class CursorError(ValueError):
    """The text is not a cursor that a page gave out."""


class Cursor(NamedTuple):
    """A place beside a row, and the way to read from there: to older rows, or back to newer ones."""

    id: int
    posted_at: datetime | None  # None where rows are ordered by id alone
    newer: bool = False

    def beyond(self) -> Q:
        """The rows on that side of the place."""
        side = "gt" if self.newer else "lt"
        by_id = Q(**{f"id__{side}": self.id})
        if self.posted_at is None:
            return by_id
        at = self.posted_at
        return Q(**{f"posted_at__{side}e": at}) & (Q(**{f"posted_at__{side}": at}) | by_id)

    def __str__(self) -> str:
        at = self.posted_at and self.posted_at.isoformat()
        return base64.urlsafe_b64encode(json.dumps([self.id, at, int(self.newer)]).encode()).decode()


def read_cursor(text: str, *, timed: bool) -> Cursor:
    """Return the cursor that `text` was made from, of a list by time or by id alone; raises CursorError for any other text."""
    try:
        id, at, newer = json.loads(base64.b64decode(text, altchars="-_", validate=True))
        moment = read_moment(at) if timed else None
    except (ValueError, TypeError, OverflowError, binascii.Error, RecursionError) as error:
        raise CursorError("This is not a cursor of ours.") from error
    if type(id) is not int or not 0 <= id < 2**63 or newer not in (0, 1) or timed != (at is not None):
        raise CursorError("This is not a cursor of ours.")
    return Cursor(id, moment, bool(newer))


@dataclass(frozen=True)
class Page:
    """Rows newest first, and the cursors of the pages beside it where there are any."""

    rows: list[Any]
    newer: Cursor | None
    older: Cursor | None


def read_page(rows: QuerySet, user: User, given: str | None, size: int) -> Page:
    """Read the page at the cursor `given`, or the first, of at most `size` of `rows`, whose QuerySet has `nearest`.

    One query, whose cost does not grow with the number of rows. Raises CursorError.
    """
    cursor = read_cursor(given, timed=hasattr(rows.model, "posted_at")) if given else None
    newer = cursor is not None and cursor.newer
    chosen = rows if cursor is None else rows.filter(cursor.beyond())
    found = list(chosen.nearest(user, size + 1, oldest_first=newer))
    near = getattr(found[0], "nearby", len(found)) if found else 0  # a page may end early, see `nearest`
    found = found[:size]
    more = near > len(found)
    if newer:
        found.reverse()
    has_newer, has_older = (more, True) if newer else (cursor is not None, more)
    return Page(
        found,
        _beside(found[0], newer=True) if found and has_newer else None,
        _beside(found[-1], newer=False) if found and has_older else None,
    )


def _beside(row: Any, *, newer: bool) -> Cursor:
    return Cursor(row.pk, getattr(row, "posted_at", None), newer)
