"""Errors of the tables in which facts are declared, raised at the start; and the checks of tables and their values. Pure.

Called where such tables are defined, such as `demo/windows.py`, `demo/models/` and `interactions/events.py`.
"""

from collections.abc import Collection, Iterable, Mapping, Sized
from typing import Any, Protocol, TypeVar


class Named(Protocol):
    """An entry that has its name."""

    @property
    def name(self) -> str: ...


Entry = TypeVar("Entry", bound=Named)


def gettext_noop(text: str) -> str:
    """Mark a text of a pure table for `makemessages`, which knows this name; pages translate the text when they show it."""
    return text


class FilledText(str):
    """An English text of a pure table that has figures of other tables in it, such as "Comments every 6 hours".

    Pages translate the `template` and fill the `values` into its translation.
    """

    template: str
    values: Mapping[str, object]

    def __new__(cls, template: str, **values: object) -> "FilledText":
        """Fill the values into a template that `gettext_noop` marks, at places such as %(hours)d."""
        text = super().__new__(cls, template % values)
        text.template, text.values = template, values
        return text


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


def by_name(table: str, entries: Iterable[Entry]) -> dict[str, Entry]:
    """The entries by their names, in their order. Raises InvalidDeclaration when two have the same name."""
    named: dict[str, Entry] = {}
    for entry in entries:
        if entry.name in named:
            raise InvalidDeclaration(f"{table} has two entries named {entry.name!r}; rename one.")
        named[entry.name] = entry
    return named


def check_range(name: str, value: Any, low: Any, high: Any) -> None:
    """Raise InvalidDeclaration unless `value` is from `low` to `high`; all are numbers, or all are lengths of time."""
    try:
        in_range = low <= value <= high
    except TypeError:  # the value is of another type
        in_range = False
    if not in_range:
        allowed = f"from {low} to {high}" if low < high else f"{low}"
        raise InvalidDeclaration(f"{name} is {value!s}; it must be {allowed}.")


def check_not_empty(name: str, value: Sized | None) -> None:
    """Raise InvalidDeclaration for None, an empty text or an empty collection."""
    if not value:
        raise InvalidDeclaration(f"{name} must not be empty.")
