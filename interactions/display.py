"""How a page shows the texts and names that platforms send: lines stay lines, what nobody can see counts as nothing, and
a long text is shown by its beginning until somebody asks for all of it.

Pure; called by the template filters (`templatetags/people.py`) and `Interaction.shown_author`.
"""

import re
import unicodedata
from functools import cache
from typing import NamedTuple

from accounts.names import ink, shows_something, unseen

# One that ends an isolate would end that of the page, and what follows could be turned.
DIRECTIONS = dict.fromkeys(map(ord, "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"))
NOBODY = "Somebody"
MAX_SHOWN_LENGTH = 600  # characters of a text that is shown as a whole
MAX_LINES = 12  # likewise
MARKS = {"Mn", "Mc", "Me", "Cf", "Sk"}  # which belong to the letter or emoji before them


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
    text = "\n".join(text.splitlines())
    first, last = ink().search(text), ink().search(text[::-1])
    if first is None or last is None:
        return ""
    start = text.rfind("\n", 0, first.start()) + 1
    end = text.find("\n", len(text) - last.start())
    return _blank_lines().sub("\n\n", text[start : end if end >= 0 else None])


@cache
def _blank_lines() -> re.Pattern[str]:
    """Lines between others that have nothing to see."""
    return re.compile(rf"\n[{unseen()}]*\n")


def beginning(text: str) -> str:
    """The first lines of a long text, cut where a word ends if one does; "" for a text that is shown as a whole."""
    head = "\n".join(text.split("\n", MAX_LINES)[:MAX_LINES])[:MAX_SHOWN_LENGTH]
    if len(head) == len(text):
        return ""
    if text[len(head)] != "\n":
        head = re.sub(r"\s+\S{0,40}\Z", "", head) or head
        while len(head) > 1 and unicodedata.category(text[len(head)]) in MARKS:
            head = head[:-1]
    return head.rstrip() + " …"


def shown_inline(text: str) -> str:
    """The text on one line and without directions for what stands beside it; "" if there is nothing to see."""
    return " ".join(text.translate(DIRECTIONS).split()) if shows_something(text) else ""
