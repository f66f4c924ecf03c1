"""What a demo's company and its products may be called."""

import re
import unicodedata
from collections.abc import Iterable

from accounts.names import UnreadableName, normalize_name
from demo.exceptions import InvalidOption
from demo.models import MAX_BRAND_LENGTH, MAX_PRODUCT_LENGTH, MAX_PRODUCTS

MAX_MARKS = 5  # on one letter; no script needs more
REPLACEMENT = "\ufffd"  # stands for what was lost on the way here


def brand_name(given: str) -> str:
    """The brand as it is kept; InvalidOption with a sentence for what people cannot read or call it by."""
    try:
        name = _spoken(given, MAX_BRAND_LENGTH)
    except UnreadableName as error:
        raise InvalidOption(f"brand {error}") from error
    if not any(map(str.isalnum, name)):
        raise InvalidOption("brand must have at least one letter or digit.")
    return name


def _spoken(given: str, longest: int) -> str:
    """The name, readable, without what was lost and without a pile of marks; UnreadableName otherwise."""
    name = normalize_name(given, longest)
    if REPLACEMENT in name:
        raise UnreadableName("must not have U+FFFD, which stands for a letter that was lost; type it again.")
    marks = re.sub(".", lambda one: "m" if unicodedata.category(one[0])[0] == "M" else " ", name)
    if "m" * (MAX_MARKS + 1) in marks:
        raise UnreadableName(f"must have at most {MAX_MARKS} marks on a letter; take the others out.")
    return name


def product_names(given: Iterable[str]) -> list[str]:
    """The products as they are kept; InvalidOption with a sentence unless they are a handful of short names."""
    names = list(given)
    if len(names) > MAX_PRODUCTS:
        raise InvalidOption(f"products must be at most {MAX_PRODUCTS} names.")
    try:
        return [_spoken(name, MAX_PRODUCT_LENGTH) for name in names]
    except UnreadableName as error:
        raise InvalidOption(f"Each of products {error}") from error
