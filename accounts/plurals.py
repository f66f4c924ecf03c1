"""Numbers of things in sentences: the admin and the commands say one demo and two demos, and leave out what is none. Pure."""

from collections.abc import Iterable


def amount(number: int, one: str, many: str = "") -> str:
    """The number with its word: `many`, or `one` with an s, unless it is 1."""
    return f"{number} {one if number == 1 else many or f'{one}s'}"


def listed(amounts: Iterable[tuple[int, str, str]]) -> str:
    """The amounts that are more than none, with commas between them; "nothing" if there is none."""
    return ", ".join(amount(*one) for one in amounts if one[0]) or "nothing"
