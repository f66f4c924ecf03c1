"""Names that people can read, of users, companies, products and profiles, and texts that show something. Pure.

Every place where such a name is entered asks `readable`, so that all of them take the same names and keep them alike.
Whether a text of any length shows anything at all, `shows_something` says, of what is typed and of what is shown.
"""

import re
import sys
import unicodedata
from functools import cache

VIRAMA = 9  # the combining class of signs after which a joiner shapes a letter, also at the end of a word
JOINERS = "\u200c\u200d"  # inside words of many scripts, and inside emoji
DIRECTION_MARKS = "\u200e\u200f\u061c"  # in names that mix directions
VISIBLE_FORMATS = "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
BLANK_GLYPHS = (  # letters, signs and marks that show nothing, whatever their category says
    "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\ufffc\U00016fe4\U0001d159"
)
# Controls, format characters, separators, and marks that need a letter to stand on.
UNSEEN = {"Cc", "Cf", "Cs", "Zs", "Zl", "Zp", "Mn", "Me"}
MAX_QUOTED_LENGTH = 100  # characters of an unknown field's or parameter's name that a refusal quotes
MAX_COMPOSED = 4  # characters that become one, at most
_BLANKS = re.compile("[ \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]+")
_SELECTORS = re.compile(
    "[\u180b-\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]"
)  # which form of a letter or emoji
_REGION_FLAG = re.compile("\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{1,7}\U000e007f")
_PICTURES = range(0x1F000, 0x1FB00)  # also those that are newer than Python's tables


class UnreadableName(ValueError):
    """A name that cannot be taken; the message goes on from what the name is of: "must be …"."""


def readable(name: str, longest: int) -> str:
    """Return the name as it is kept: composed (NFC), with single blanks and none around it.

    Raises UnreadableName for one that shows nothing, is longer than `longest` characters (code points), or holds what
    nobody can see or rely on: control and formatting characters, line breaks, code points without a meaning.
    """
    must = f"must be a name of 1 to {longest} characters in one line"
    text = _BLANKS.sub(" ", name).strip().strip(DIRECTION_MARKS + " ")
    if len(text) > longest * MAX_COMPOSED:  # composing it would take time by the square of its length
        raise UnreadableName(f"{must}; it has {len(text)}, so shorten it to at most {longest} characters.")
    text = unicodedata.normalize("NFC", text)
    fault = _fault(_REGION_FLAG.sub("\U0001f3f4", text))
    if fault:
        raise UnreadableName(f"{must}; take {_named(fault)} out, which nobody can read.")
    if not text:
        raise UnreadableName(f"{must} that shows something: letters, digits, signs or emoji.")
    if len(text) > longest:
        raise UnreadableName(f"{must}; it has {len(text)}, so shorten it to at most {longest} characters.")
    return text


def shows_something(text: str) -> bool:
    """Whether any character of the text leaves ink; those that are newer than Python's tables do."""
    return ink().search(text) is not None


@cache
def ink() -> re.Pattern[str]:
    """A character that leaves ink; it looks through megabytes of others in milliseconds."""
    return re.compile(f"[^{unseen()}]")


@cache
def unseen() -> str:
    """All characters that leave no ink, as they stand in a class of a regular expression; made once, in half a second."""
    return "".join(re.escape(char) for char in map(chr, range(sys.maxunicode + 1)) if not _leaves_ink(char))


def _leaves_ink(character: str) -> bool:
    if character in BLANK_GLYPHS:
        return False
    return unicodedata.category(character) not in UNSEEN or character in VISIBLE_FORMATS


def _fault(text: str) -> str:
    """The first character that may not stand where it does; empty when there is none."""
    kinds = [_kind(character) for character in text]
    for place, kind in enumerate(kinds):
        before = kinds[place - 1] if place else "blank"
        ends_word = place + 1 == len(kinds) or kinds[place + 1] not in ("visible", "mark")
        if before not in _AFTER[kind]:
            return text[place]
        if kind == "joiner" and ends_word and unicodedata.combining(text[place - 1]) != VIRAMA:
            return text[place]
    return ""


_ANYTHING = ("visible", "mark", "selector", "joiner", "direction", "blank")
_AFTER = {  # what shows nothing by itself needs something to work on
    "visible": _ANYTHING,
    "blank": _ANYTHING,
    "direction": _ANYTHING,
    "mark": ("visible", "mark", "selector", "joiner"),
    "selector": ("visible", "mark"),
    "joiner": ("visible", "mark", "selector"),
    "fault": (),
}


def _kind(character: str) -> str:
    category = unicodedata.category(character)
    if character == " ":
        return "blank"
    if character in JOINERS:
        return "joiner"
    if character in DIRECTION_MARKS:
        return "direction"
    if _SELECTORS.match(character):
        return "selector"
    if character in BLANK_GLYPHS:
        return "fault"
    if category[0] == "M":
        return "mark"
    known = category[0] in "LNPS" or character in VISIBLE_FORMATS
    return "visible" if known or (category == "Cn" and ord(character) in _PICTURES) else "fault"


def _named(character: str) -> str:
    name = unicodedata.name(character, "")
    return f"U+{ord(character):04X}" + (f" ({name})" if name else "")
