"""Marks parameters of tests as `long`: `make test` runs the first few, `make test-all` all."""

from collections.abc import Iterable

import pytest


def first(number: int, parameters: Iterable[object]) -> list[object]:
    """The values of one parameter, all after the first `number` marked `long`."""
    return [
        each if index < number else pytest.param(each, marks=pytest.mark.long)
        for index, each in enumerate(parameters)
    ]
