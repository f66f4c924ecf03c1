"""Tests that take long run in `make test-all`; of their parameters `make test` takes the first few."""

from collections.abc import Iterable

import pytest


def first(number: int, parameters: Iterable[object]) -> list[object]:
    """The values of one parameter, all after the first `number` marked `long`."""
    return [
        each if place < number else pytest.param(each, marks=pytest.mark.long)
        for place, each in enumerate(parameters)
    ]
