"""Adds up results that consist of counts. Planning and retention derive their results from `Counts`."""

from dataclasses import fields
from typing import Self


class Counts:
    """Base class of dataclasses that are added field by field; a flag of the sum is true when one of both is."""

    def __add__(self, other: Self) -> Self:
        names = (field.name for field in fields(self))
        return type(self)(**{name: _sum(getattr(self, name), getattr(other, name)) for name in names})


def _sum(one: int, other: int) -> int:
    return one or other if isinstance(one, bool) else one + other
