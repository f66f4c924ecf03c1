"""Avatars of people and profiles by the first letter of their name. Pure; called by people.py and views.py."""

import unicodedata
from html import escape

import regex

from interactions.pictures.colors import Color
from interactions.pictures.svg import circle, document, ellipse, path, rect

TINTS = 12  # colors of avatars
MAX_CODE_POINTS = 6  # of one letter with its marks; a longer one is cut
_FIRST_LETTER = regex.compile(r"[\p{L}\p{N}]")
_GRAPHEME = regex.compile(r"\X")


def first_letter(*names: str) -> str:
    """The first letter or digit of the first name that has one, as a capital, with its marks; "" when none has one.

    A letter is what readers take for one, in every script (a grapheme cluster). Emoji and punctuation are skipped.
    """
    for name in names:
        composed = unicodedata.normalize("NFC", name)
        if found := _FIRST_LETTER.search(composed):
            letter: str = _GRAPHEME.match(composed, found.start())[0][:MAX_CODE_POINTS]
            capital = letter.title()
            return capital if len(capital) == len(letter) else letter
    return ""


def person_initial(letter: str, tint: int) -> str:
    """A letter on a tinted disc, or a figure without a face for the letter ""."""
    back, ink = _tint(tint)
    figure = _letter(letter, ink) if letter else _figure(ink)
    return document(100, 100, rect(0, 0, 100, 100, back.hex) + figure)


def profile_mark(letter: str, tint: int) -> str:
    """A light letter on a strong color with a quarter of a circle, or a leaf for the letter ""."""
    ink = Color(0.98, 0.01, 30 * tint)
    back = Color(0.46, 0.105, 30 * tint)
    shape = path("M100 0A100 100 0 0 1 0 100H100Z", back.lighter(0.05).hex)
    figure = _letter(letter, ink) if letter else path("M28 74C26 40 46 26 76 26 76 58 58 74 28 74Z", ink.hex)
    return document(100, 100, rect(0, 0, 100, 100, back.hex) + shape + figure)


def _tint(number: int) -> tuple[Color, Color]:
    """The color of the disc and of what is on it; their contrast is above 5 to 1."""
    return Color(0.87, 0.06, 30 * number), Color(0.40, 0.10, 30 * number)


def _letter(letter: str, ink: Color) -> str:
    return (
        f'<text x="50" y="50" dy=".36em" text-anchor="middle" font-family="Inter,system-ui,sans-serif"'
        f' font-size="46" font-weight="600" fill="{ink.hex}">{escape(letter)}</text>'
    )


def _figure(ink: Color) -> str:
    soft = ink.lighter(0.2).hex
    return circle(50, 40, 17, soft) + ellipse(50, 92, 34, 29, soft)
