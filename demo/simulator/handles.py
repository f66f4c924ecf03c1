"""Handles and hashtags out of names: what people and brands are called by, within each platform's rule for handles.

Names in other scripts are transliterated, as the handles of most platforms are of ASCII; hashtags keep the script.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from math import floor

from anyascii import anyascii

from accounts.handles import HandleRule
from accounts.platforms import PLATFORMS
from demo.simulator.keyed_random import pick

FORMS = (
    *(
        "{first}.{last}",
        "{first}{last}{number}",
        "{first}_{l}{number}",
        "{f}{last}{two}",
        "{word}{first}{number}",
    ),
    *(
        "{last}.{first}",
        "{first}_{end}",
        "{first}{number}",
        "{first}__{last}",
        "{first}{l}_{end}",
        "{first}.{last}{two}",
    ),
    "{last}{first:.2}{number}",
)
WORDS = ("the", "its", "real", "just", "hey", "mr", "x", "not", "only", "im")
ENDS = ("xo", "art", "daily", "loves", "home", "life", "pics", "jr", "online", "here", "writes", "makes")
SPOKEN = str.maketrans("اأآٱإعאע", "aaaaiaaa")  # letters that anyascii leaves out or makes an apostrophe
BRAND_ENDS = ("", "hq", "official")  # a brand whose name alone is no handle has one of these after it


def person_handle(
    platform: str, first: str, last: str, form: float, sort: float, number: float, word: float
) -> str:
    """A handle from a person's name, by four lots: the first is for its form, which the platform may not have."""
    rule, first, last = PLATFORMS[platform].handles, plain(first) or "user", plain(last) or "user"
    low, many = pick(((2, 98), (1970, 39), (100, 900)), sort)
    shown = low + floor(many * number)
    parts = {"first": first, "last": last, "f": first[0], "l": last[0], "number": shown, "two": shown % 100}
    parts |= {"word": pick(WORDS, word), "end": pick(ENDS, word)}
    handle = with_signs(pick(FORMS, form).format(**parts), rule)
    return handle if rule.can_be_registered(handle) else offered(first + last, number, rule)


def offered(name: str, number: float, rule: HandleRule) -> str:
    """What a platform offers where the handle asked for cannot be: as much of the name as fits before five digits."""
    digits = f"{floor(100_000 * number):05}"
    return name[: rule.max_length - len(digits)] + digits


def with_signs(handle: str, rule: HandleRule) -> str:
    """The handle with a sign that the platform has in place of each that it has not."""
    if "_" not in rule.registered_signs:
        handle = handle.replace("__", "").replace("_", rule.registered_signs[0])
    return handle if "." in rule.registered_signs else handle.replace(".", rule.registered_signs[0])


@lru_cache(maxsize=2_048)
def plain(name: str) -> str:
    """The name's last word in small letters of ASCII; empty when there is no letter in it."""
    words = name.split()
    return "".join(filter(str.isalpha, ascii_of(words[-1]))) if words else ""


def ascii_of(name: str) -> str:
    """The name in small letters and signs of ASCII."""
    return anyascii(name.translate(SPOKEN)).lower()


@lru_cache(maxsize=256)
def brand_handle(platform: str, brand: str, niche: str) -> str:
    """The brand's handle: its name, as many of its words as there is room for, or whatever comes next to that."""
    rule = PLATFORMS[platform].handles
    words = [*_words(_without_signs(brand))] or [*_words(brand)]
    names = ["".join(words[:count]) for count in range(len(words), 0, -1)]
    names += [name[: rule.max_length] for name in names[:1]]
    drafts = [name + end for end in BRAND_ENDS for name in names if name]
    return next(filter(rule.can_be_registered, drafts), None) or f"{niche}brand"[: rule.max_length]


def _words(name: str) -> Iterator[str]:
    return (found[0] for found in re.finditer("[a-z0-9]+", ascii_of(name).replace("'", "")))


def _without_signs(name: str) -> str:
    """The name without emoji and other signs, which are spelled out only where there is nothing else."""
    return _kept(name, "LMN", blank=" ")


def hashtag(brand: str) -> str:
    """The brand's name as a hashtag, without the "#": letters with their marks, and digits; empty when it has no letter."""
    tag = unicodedata.normalize("NFC", _kept(brand.lower(), "LMN"))
    return tag if any(map(str.isalpha, tag)) else ""


def _kept(name: str, categories: Iterable[str], blank: str = "") -> str:
    """What of the name is of those categories, with `blank` for each of the rest, and no mark without its letter."""
    text = ""
    for letter in name:
        kind = unicodedata.category(letter)
        keeps = kind[0] in categories and kind not in ("No", "Me") and not _selects(letter)
        alone = kind[0] == "M" and not (text and unicodedata.category(text[-1])[0] in "LM")
        text += letter if keeps and not alone else blank
    return text


def _selects(letter: str) -> bool:
    """Whether it chooses a form of the letter before it."""
    return "VARIATION SELECTOR" in unicodedata.name(letter, "")
