"""Checks and normalizes names that people type: of users, companies, profiles, labels, saved views and replies, and tokens.

Every field for such a name calls `normalize_name`, so that all of them accept and store the same names.
"""

import re
import unicodedata

from django.utils.translation import gettext as _

from accounts.visible_text import BLANK_GLYPHS, VISIBLE_FORMATS

VIRAMA = 9  # combining class of the signs after which a joiner shapes a letter, also at the end of a word
JOINERS = "\u200c\u200d"  # inside words of many scripts, and inside emoji
DIRECTION_MARKS = "\u200e\u200f\u061c"  # in names that mix directions
MAX_QUOTED_LENGTH = 100  # characters of an unknown field or parameter name that an error quotes
MAX_COMPOSED = 4  # code points that NFC composes into one
_BLANKS = re.compile("[ \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]+")
_SELECTORS = re.compile(
    "[\u180b-\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]"
)  # variation selectors: choose the form of a letter or emoji
_REGION_FLAG = re.compile("\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{1,7}\U000e007f")
_EMOJI_RANGE = range(0x1F000, 0x1FB00)  # also emoji that Python's Unicode tables do not have yet


class UnreadableName(ValueError):
    """The name is not accepted; the message continues a sentence that begins with the field: "must be …"."""


def normalize_name(name: str, max_length: int) -> str:
    """Return the name as it is stored: composed (NFC), single blanks, no blanks at the ends.

    Raises UnreadableName for a name that shows nothing, has more than `max_length` code points, or contains control
    or formatting characters, line breaks, or private or unassigned code points.
    """
    text = _BLANKS.sub(" ", name).strip().strip(DIRECTION_MARKS + " ")
    if len(text) > max_length * MAX_COMPOSED:  # composing takes time quadratic in the length
        raise _too_long(text, max_length)
    text = unicodedata.normalize("NFC", text)
    invalid = _first_invalid(_REGION_FLAG.sub("\U0001f3f4", text))
    if invalid:
        sentence = _(
            "must be a name of 1 to %(most)d characters in one line; remove %(character)s, which nobody can read."
        )
        raise UnreadableName(sentence % {"most": max_length, "character": _describe(invalid)})
    if not text:
        sentence = _(
            "must be a name of 1 to %(most)d characters in one line that shows something: letters, digits, signs or emoji."
        )
        raise UnreadableName(sentence % {"most": max_length})
    if len(text) > max_length:
        raise _too_long(text, max_length)
    return text


def _too_long(text: str, max_length: int) -> UnreadableName:
    sentence = _("must be a name of 1 to %(most)d characters in one line; it has %(count)d.")
    return UnreadableName(sentence % {"most": max_length, "count": len(text)})


def name_key(name: str) -> str:
    """Return one key for all names that differ in upper and lower case only."""
    return name.casefold()


def _first_invalid(text: str) -> str:
    """Return the first character that is not allowed at its position; "" when all are."""
    kinds = [_kind(character) for character in text]
    for index, kind in enumerate(kinds):
        before = kinds[index - 1] if index else "blank"
        ends_word = index + 1 == len(kinds) or kinds[index + 1] not in ("visible", "mark")
        if before not in _ALLOWED_AFTER[kind]:
            return text[index]
        if kind == "joiner" and ends_word and unicodedata.combining(text[index - 1]) != VIRAMA:
            return text[index]
    return ""


_ANY_KIND = ("visible", "mark", "selector", "joiner", "direction", "blank")
_ALLOWED_AFTER = {  # marks, selectors and joiners need a character before them that they change
    "visible": _ANY_KIND,
    "blank": _ANY_KIND,
    "direction": _ANY_KIND,
    "mark": ("visible", "mark", "selector", "joiner"),
    "selector": ("visible", "mark"),
    "joiner": ("visible", "mark", "selector"),
    "invalid": (),
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
        return "invalid"
    if category[0] == "M":
        return "mark"
    known = category[0] in "LNPS" or character in VISIBLE_FORMATS
    return "visible" if known or (category == "Cn" and ord(character) in _EMOJI_RANGE) else "invalid"


def _describe(character: str) -> str:
    name = unicodedata.name(character, "")
    return f"U+{ord(character):04X}" + (f" ({name})" if name else "")
