"""Makes handles and hashtags from names, within each platform's rule for handles. Called by people, windows and posts.

Names in other scripts are transliterated, as most platforms allow ASCII handles only; hashtags keep the script.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from math import floor

from anyascii import anyascii

from accounts.handles import HandleRule
from accounts.platforms import PLATFORMS
from demo.simulator.keyed_random import uniform_choice

# fmt: off
FORMS = (
    "{first}.{last}", "{first}{last}{number}", "{first}_{l}{number}", "{f}{last}{two}", "{word}{first}{number}",
    "{last}.{first}", "{first}_{end}", "{first}{number}", "{first}__{last}", "{first}{l}_{end}", "{first}.{last}{two}",
    "{last}{first:.2}{number}",
)
# fmt: on
WORDS = ("the", "its", "real", "just", "hey", "mr", "x", "not", "only", "im")
ENDS = ("xo", "art", "daily", "loves", "home", "life", "pics", "jr", "online", "here", "writes", "makes")
NUMBER_RANGES = ((2, 98), (1970, 39), (100, 900))  # first number and count
SPOKEN = str.maketrans("اأآٱإعאע", "aaaaiaaa")  # letters that anyascii drops or turns into an apostrophe
BRAND_ENDS = ("", "hq", "official")  # appended in this order until a brand's handle is valid


def person_handle(
    platform: str, first: str, last: str, u_form: float, u_range: float, u_number: float, u_word: float
) -> str:
    """A random handle from a person's name; the fallback handle where the platform forbids the drawn form."""
    rule = PLATFORMS[platform].handles
    first, last = ascii_letters(first) or "user", ascii_letters(last) or "user"
    low, count = uniform_choice(NUMBER_RANGES, u_range)
    number = low + floor(count * u_number)
    parts = {"first": first, "last": last, "f": first[0], "l": last[0], "number": number, "two": number % 100}
    parts |= {"word": uniform_choice(WORDS, u_word), "end": uniform_choice(ENDS, u_word)}
    handle = replace_signs(uniform_choice(FORMS, u_form).format(**parts), rule)
    return handle if rule.can_be_registered(handle) else fallback_handle(first + last, u_number, rule)


def fallback_handle(name: str, u: float, rule: HandleRule) -> str:
    """As platforms suggest when a handle is not available: the start of the name and five random digits."""
    digits = f"{floor(100_000 * u):05}"
    return name[: rule.max_length - len(digits)] + digits


def replace_signs(handle: str, rule: HandleRule) -> str:
    """The handle with "_" and "." replaced by a sign that the platform allows, where it forbids them."""
    if "_" not in rule.registered_signs:
        handle = handle.replace("__", "").replace("_", rule.registered_signs[0])
    return handle if "." in rule.registered_signs else handle.replace(".", rule.registered_signs[0])


@lru_cache(maxsize=2_048)
def ascii_letters(name: str) -> str:
    """The ASCII letters of the name's last word, in lower case; empty when it has none."""
    words = name.split()
    return "".join(filter(str.isalpha, ascii_of(words[-1]))) if words else ""


def ascii_of(name: str) -> str:
    """The name transliterated to lower-case ASCII."""
    return anyascii(name.translate(SPOKEN)).lower()


@lru_cache(maxsize=256)
def brand_handle(platform: str, brand: str, niche: str) -> str:
    """The brand's handle: as many words of its name as the platform has room for.

    Where that is no valid handle, "hq" or "official" is appended; a name without letters or digits gives "<niche>brand".
    """
    rule = PLATFORMS[platform].handles
    words = [*_ascii_words(_without_signs(brand))] or [*_ascii_words(brand)]
    names = ["".join(words[:count]) for count in range(len(words), 0, -1)]
    names += [name[: rule.max_length] for name in names[:1]]
    candidates = [name + end for end in BRAND_ENDS for name in names if name]
    return next(filter(rule.can_be_registered, candidates), None) or f"{niche}brand"[: rule.max_length]


def _ascii_words(name: str) -> Iterator[str]:
    return (found[0] for found in re.finditer("[a-z0-9]+", ascii_of(name).replace("'", "")))


def _without_signs(name: str) -> str:
    """The name without emoji and other signs; transliteration would spell them out."""
    return _filter_categories(name, "LMN", replacement=" ")


def hashtag(brand: str) -> str:
    """The brand's letters, their combining marks and digits, without "#"; empty when the name has no letter."""
    tag = unicodedata.normalize("NFC", _filter_categories(brand.lower(), "LMN"))
    return tag if any(map(str.isalpha, tag)) else ""


def _filter_categories(name: str, categories: Iterable[str], replacement: str = "") -> str:
    """The name with each character outside the Unicode categories replaced, and each mark that follows no letter."""
    text = ""
    for letter in name:
        category = unicodedata.category(letter)
        is_kept = (
            category[0] in categories and category not in ("No", "Me") and not _is_variation_selector(letter)
        )
        is_lone_mark = category[0] == "M" and not (text and unicodedata.category(text[-1])[0] in "LM")
        text += letter if is_kept and not is_lone_mark else replacement
    return text


def _is_variation_selector(letter: str) -> bool:
    return "VARIATION SELECTOR" in unicodedata.name(letter, "")
