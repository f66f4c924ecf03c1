"""Counts in sentences, such as "1 demo" and "2 demos". Pure; called by the admin and by cleanup's report."""

from collections.abc import Iterable


def pluralize(number: int, singular: str, plural: str = "") -> str:
    """Return the number and its noun; without `plural` the plural is `singular` with an s."""
    return f"{number} {singular if number == 1 else plural or f'{singular}s'}"


def join_counts(counts: Iterable[tuple[int, str, str]]) -> str:
    """Join the counts (number, singular, plural) above 0 with commas; "nothing" when all are 0."""
    return ", ".join(pluralize(*count) for count in counts if count[0]) or "nothing"
