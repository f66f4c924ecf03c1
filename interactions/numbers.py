"""How pages write large numbers, with units in the user's language. Called by the template tags and the cards of posts."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

UNITS = (
    (1_000_000_000_000, gettext_noop("%(number)sT")),
    (1_000_000_000, gettext_noop("%(number)sB")),
    (1_000_000, gettext_noop("%(number)sM")),
    (1_000, gettext_noop("%(number)sk")),
)


def compact(number: int) -> str:
    """Return the number in at most four characters: 950, 1.2k, 38k, 1.4M; rounded down, as counters of networks are."""
    for unit, text in UNITS:
        if number >= unit:
            whole, tenth = divmod(number * 10 // unit, 10)
            return _(text) % {"number": f"{whole}.{tenth}" if whole < 10 and tenth else f"{whole}"}
    return str(number)
