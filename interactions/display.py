"""How pages show texts and names from platforms: line breaks, invisible characters, previews of long texts.

Pure; called by the template filters (`templatetags/text_display.py`) and `Interaction.display_author`.
"""

import re
import unicodedata
from functools import cache
from typing import NamedTuple

from accounts.visible_text import has_visible_text, invisible_characters, visible_character

# Bidirectional control characters. One that ends an isolate would end the page's own, and reorder the text after it.
BIDI_CONTROLS = dict.fromkeys(map(ord, "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"))
UNKNOWN_NAME = "Somebody"
MAX_SHOWN_LENGTH = 600  # characters; a longer text is shown as a preview
MAX_LINES = 12  # likewise
MARK_CATEGORIES = {"Mn", "Mc", "Me", "Cf", "Sk"}  # belong to the letter or emoji before them


class Author(NamedTuple):
    """An author as a page shows it: the name, and a second text, possibly "", that tells apart equal names."""

    name: str
    secondary: str


def display_author(id: str, handle: str, name: str) -> Author:
    """Return what is known of the author: name and @handle, name alone, @handle alone, or "Somebody" and the id."""
    name, handle, id = (display_inline(text) for text in (name, handle.strip().lstrip("@"), id))
    at_handle = f"@{handle}" if handle else ""
    if name or at_handle:
        return Author(name or at_handle, at_handle if name else "")
    return Author(UNKNOWN_NAME, id)


def display_text(text: str) -> str:
    """Return the text with all line breaks as newlines and at most one blank line in a row; "" if nothing is visible."""
    text = "\n".join(text.splitlines())
    first, last = visible_character().search(text), visible_character().search(text[::-1])
    if first is None or last is None:
        return ""
    start = text.rfind("\n", 0, first.start()) + 1
    end = text.find("\n", len(text) - last.start())
    return _blank_lines().sub("\n\n", text[start : end if end >= 0 else None])


@cache
def _blank_lines() -> re.Pattern[str]:
    """Return a pattern of lines between others that show nothing."""
    return re.compile(rf"\n[{invisible_characters()}]*\n")


def preview(text: str) -> str:
    """Return the first lines of a long text, cut at the end of a word where possible; "" for a short text."""
    head = "\n".join(text.split("\n", MAX_LINES)[:MAX_LINES])[:MAX_SHOWN_LENGTH]
    if len(head) == len(text):
        return ""
    if text[len(head)] != "\n":
        head = re.sub(r"\s+\S{0,40}\Z", "", head) or head
        while len(head) > 1 and unicodedata.category(text[len(head)]) in MARK_CATEGORIES:
            head = head[:-1]
    return head.rstrip() + " …"


def display_inline(text: str) -> str:
    """Return the text on one line, without bidirectional control characters; "" if nothing is visible."""
    return " ".join(text.translate(BIDI_CONTROLS).split()) if has_visible_text(text) else ""
