"""Checks the names of a demo's brand and products.

Called by the options of enabling, the API and the forms.
"""

import re
import unicodedata
from collections.abc import Iterable

from django.utils.translation import gettext as _

from accounts.names import UnreadableName, normalize_name
from demo.exceptions import InvalidOption

MAX_BRAND_LENGTH, MAX_PRODUCT_LENGTH, MAX_PRODUCTS = 80, 60, 20
MAX_MARKS = 5  # combining marks on one letter; no script needs more
REPLACEMENT = "\ufffd"  # decoders put it in place of bytes that they cannot read


def brand_name(text: str) -> str:
    """The brand name in the form that is stored. Raises InvalidOption when it is unreadable or has no letter or digit."""
    try:
        name = _checked(text, MAX_BRAND_LENGTH)
    except UnreadableName as error:
        raise InvalidOption(_("brand %(problem)s") % {"problem": error}) from error
    if not any(map(str.isalnum, name)):
        raise InvalidOption(_("brand must have at least one letter or digit."))
    return name


def product_names(texts: Iterable[str]) -> list[str]:
    """The product names in the form that is stored. Raises InvalidOption for too many and for an unreadable one."""
    names = list(texts)
    if len(names) > MAX_PRODUCTS:
        raise InvalidOption(_("products must be at most %(most)d names.") % {"most": MAX_PRODUCTS})
    try:
        return [_checked(name, MAX_PRODUCT_LENGTH) for name in names]
    except UnreadableName as error:
        raise InvalidOption(_("Each product %(problem)s") % {"problem": error}) from error


def _checked(text: str, max_length: int) -> str:
    """The readable name. Raises UnreadableName also for U+FFFD and for more than MAX_MARKS marks on a letter."""
    name = normalize_name(text, max_length)
    if REPLACEMENT in name:
        raise UnreadableName(
            _("must not have U+FFFD, which stands for a letter that was lost; type it again.")
        )
    marks = re.sub(".", lambda match: "m" if unicodedata.category(match[0])[0] == "M" else " ", name)
    if "m" * (MAX_MARKS + 1) in marks:
        sentence = _("must have at most %(most)d marks on a letter; remove the others.")
        raise UnreadableName(sentence % {"most": MAX_MARKS})
    return name
