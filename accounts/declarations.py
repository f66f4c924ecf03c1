"""Tables that must have an entry for everything declared elsewhere; a missing entry stops the start with a sentence. Pure."""

from collections.abc import Collection, Iterable


class IncompleteTable(Exception):
    """A table lacks entries, or has some for what is not declared; the message says which and where to change them."""


def check_table(name: str, entries: Collection[str], declared: Iterable[str]) -> None:
    """Raise IncompleteTable unless the table `name` (with its file) has exactly one entry for each of `declared`."""
    wanted = list(declared)
    missing = [one for one in wanted if one not in entries]
    unknown = [one for one in entries if one not in wanted]
    if missing:
        raise IncompleteTable(
            f"{name} has no entry for {', '.join(missing)}; add it there (see CONTRIBUTING.md)."
        )
    if unknown:
        raise IncompleteTable(
            f"{name} has an entry for {', '.join(unknown)}, which is not declared; declare it or remove the entry."
        )
