"""Tests that take long run in `make test-all`; of their parameters `make test` takes the first few."""

from collections.abc import Iterable

import pytest


def first(number: int, parameters: Iterable[object]) -> list[object]:
    """The parameters, all after the first `number` marked `long`."""
    return [each if place < number else _long(each) for place, each in enumerate(parameters)]


def _long(parameter: object) -> object:
    values = parameter if isinstance(parameter, tuple) else (parameter,)
    return pytest.param(*values, marks=pytest.mark.long)
