"""How a page shows the texts and names that platforms send: lines stay lines, and what nobody can see counts as nothing.

Pure; called by the template filters (`templatetags/people.py`) and `Interaction.shown_author`.
"""

from itertools import groupby
from typing import NamedTuple

from accounts.names import shows_something

# One that ends an isolate would end that of the page, and what follows could be turned.
DIRECTIONS = dict.fromkeys(map(ord, "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"))
NOBODY = "Somebody"


class Author(NamedTuple):
    """Two things to show of an author: the name, and what tells it from an equal one; the second may be empty."""

    name: str
    beside: str


def shown_author(id: str, handle: str, name: str) -> Author:
    """The author by whatever is known: name and @handle, name alone, @handle alone, or the platform's id."""
    name, handle, id = (shown_inline(given) for given in (name, handle.strip().lstrip("@"), id))
    at = f"@{handle}" if handle else ""
    if name or at:
        return Author(name or at, at if name else "")
    return Author(NOBODY, id)


def shown_text(text: str) -> str:
    """The text with every kind of line break as a newline and at most one blank line in a row; "" if there is nothing to see."""
    runs = groupby(text.splitlines(), key=shows_something)
    lines = [line for seen, run in runs for line in (run if seen else [""])]
    return "\n".join(lines).strip("\n")


def shown_inline(text: str) -> str:
    """The text on one line and without directions for what stands beside it; "" if there is nothing to see."""
    return " ".join(text.translate(DIRECTIONS).split()) if shows_something(text) else ""
