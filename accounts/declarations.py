"""Checks at the start that a table has an entry for everything that is declared elsewhere. Pure.

Called where such tables are defined: `demo/models/`, `demo/engine/planning.py`, the simulator and `interactions/events.py`.
"""

from collections.abc import Collection, Iterable


class IncompleteTable(Exception):
    """A table lacks entries or has unknown ones; the message names them and the file to change."""


def check_table(name: str, entries: Collection[str], declared: Iterable[str]) -> None:
    """Raise IncompleteTable unless the entries are exactly the declared ones. `name` has the table and its file."""
    expected = list(declared)
    missing = [key for key in expected if key not in entries]
    unknown = [key for key in entries if key not in expected]
    if missing:
        raise IncompleteTable(
            f"{name} has no entry for {', '.join(missing)}; add it there (see CONTRIBUTING.md)."
        )
    if unknown:
        raise IncompleteTable(
            f"{name} has an entry for {', '.join(unknown)}, which is not declared; declare it or remove the entry."
        )
