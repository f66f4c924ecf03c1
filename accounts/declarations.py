"""Errors of the tables in which facts are declared, raised at the start; and the check that a table is complete. Pure.

Called where such tables are defined, such as `demo/windows.py`, `demo/models/` and `interactions/events.py`.
"""

from collections.abc import Collection, Iterable


class InvalidDeclaration(Exception):
    """An entry of a table is not possible; the message says what it must be. `manage.py` shows the message alone."""


class IncompleteTable(InvalidDeclaration):
    """A table lacks entries or has unknown ones; the message names them and the file to change."""


def check_table(name: str, entries: Collection[str], declared: Iterable[str]) -> None:
    """Raise IncompleteTable unless the entries are exactly the declared ones. `name` has the table and its file."""
    expected = list(declared)
    check_contains(name, entries, expected)
    unknown = [key for key in entries if key not in expected]
    if unknown:
        raise IncompleteTable(
            f"{name} has an entry for {', '.join(unknown)}, which is not declared; declare it or remove the entry."
        )


def check_contains(name: str, entries: Collection[str], declared: Iterable[str]) -> None:
    """As `check_table`, for a table that may have further entries."""
    missing = [key for key in declared if key not in entries]
    if missing:
        raise IncompleteTable(
            f"{name} has no entry for {', '.join(missing)}; add it there (see CONTRIBUTING.md)."
        )
