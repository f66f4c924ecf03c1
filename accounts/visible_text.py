"""Says whether a text of any length shows anything. Pure; called by forms, the API and pages."""

import re
import sys
import unicodedata
from functools import cache

VISIBLE_FORMATS = "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
BLANK_GLYPHS = (  # letters, signs and marks that are invisible in spite of their category
    "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\ufffc\U00016fe4\U0001d159"
)
# Controls, format characters, separators, and marks that are drawn on another letter.
INVISIBLE_CATEGORIES = {"Cc", "Cf", "Cs", "Zs", "Zl", "Zp", "Mn", "Me"}


def has_visible_text(text: str) -> bool:
    """Whether the text has a visible character; characters that are newer than Python's Unicode tables count as visible."""
    return visible_character().search(text) is not None


@cache
def visible_character() -> re.Pattern[str]:
    """Return a pattern of one visible character; it skips megabytes of invisible ones in milliseconds."""
    return re.compile(f"[^{invisible_characters()}]")


@cache
def invisible_characters() -> str:
    """Return all invisible characters, escaped for a character class of a pattern; computed once, in half a second."""
    return "".join(re.escape(char) for char in map(chr, range(sys.maxunicode + 1)) if not is_visible(char))


def is_visible(character: str) -> bool:
    """Whether the character shows anything by itself."""
    if character in BLANK_GLYPHS:
        return False
    return unicodedata.category(character) not in INVISIBLE_CATEGORIES or character in VISIBLE_FORMATS
