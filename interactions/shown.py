"""How a page shows the texts and names that platforms send: lines stay lines, and what nobody can see counts as nothing.

Pure; called by the template filters (`templatetags/people.py`) and `Interaction.shown_author`.
"""

import re
import sys
import unicodedata
from functools import cache
from typing import NamedTuple

# Controls, format characters, separators, and marks that need a letter to stand on.
UNSEEN = {"Cc", "Cf", "Cs", "Zs", "Zl", "Zp", "Mn", "Me"}
FILLERS = set("\u115f\u1160\u2800\u3164\uffa0")  # letters and symbols by their category, blank by their look
# One that ends an isolate would end that of the page, and what follows could be turned.
DIRECTIONS = dict.fromkeys(map(ord, "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"))
NOBODY = "Somebody"


class Author(NamedTuple):
    """Two things to show of an author: the name, and what tells it from an equal one; the second may be empty."""

    name: str
    beside: str


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """A character that leaves ink, and lines between others that have nothing to see.

    Made once, in a fraction of a second. They look through megabytes with nothing to see in milliseconds.
    """
    unseen = (chr(code) for code in range(sys.maxunicode + 1) if not _leaves_ink(chr(code)))
    blank = "".join(map(re.escape, unseen))
    return re.compile(f"[^{blank}]"), re.compile(rf"\n[{blank}]*\n")


def _leaves_ink(char: str) -> bool:
    return unicodedata.category(char) not in UNSEEN and char not in FILLERS


def has_something_to_see(text: str) -> bool:
    """Whether any character of the text leaves ink."""
    ink, _ = _patterns()
    return ink.search(text) is not None


def shown_author(id: str, handle: str, name: str) -> Author:
    """The author by whatever is known: name and @handle, name alone, @handle alone, or the platform's id."""
    name, handle, id = (shown_inline(given) for given in (name, handle.strip().lstrip("@"), id))
    at = f"@{handle}" if handle else ""
    if name or at:
        return Author(name or at, at if name else "")
    return Author(NOBODY, id)


def shown_text(text: str) -> str:
    """The text with every kind of line break as a newline and at most one blank line in a row; "" if there is nothing to see."""
    ink, between = _patterns()
    text = "\n".join(text.splitlines())
    first, last = ink.search(text), ink.search(text[::-1])
    if first is None or last is None:
        return ""
    start = text.rfind("\n", 0, first.start()) + 1
    end = text.find("\n", len(text) - last.start())
    return between.sub("\n\n", text[start : end if end >= 0 else None])


def shown_inline(text: str) -> str:
    """The text on one line and without directions for what stands beside it; "" if there is nothing to see."""
    return " ".join(text.translate(DIRECTIONS).split()) if has_something_to_see(text) else ""
