"""The audience: thousands of people per platform, each built when first needed from the seed.

Their names come from Faker's tables. Importing Faker as a whole costs 100-250 ms, so its name tables alone are
imported, here and when the first person is needed.
"""

from functools import cache, lru_cache
from importlib import import_module
from math import floor, pow
from random import Random

from demo.simulator.streams import identity, stream
from demo.simulator.values import Author

AUDIENCE = 4_000  # people per platform
REGULARS = 0.5  # share of what is said that comes from the heavy tail [A]
TAIL = 1.35  # exponent of the activity law: a few regulars, many who write once [A]


@lru_cache(maxsize=4_096)
def person(seed: int, platform: str, number: int) -> Author:
    """Person `number` of the audience; the same id, handle and name on every day."""
    draw = stream(seed, "person", platform, number)
    first, last = draw.choice(names()[0]), draw.choice(names()[1])
    return Author(identity(seed, "person", platform, number), _handle(first, last, draw), f"{first} {last}")


def someone(draw: Random) -> int:
    """The number of a person who acts: half of the time one of a few regulars, else anybody."""
    if draw.random() < REGULARS:
        return min(floor(40 * pow(1 - draw.random(), -1 / TAIL)) - 40, AUDIENCE - 1)
    return draw.randrange(AUDIENCE)


def _handle(first: str, last: str, draw: Random) -> str:
    first, last = first.lower(), last.lower().replace("'", "")
    number = draw.randrange(10, 100)
    forms = [f"{first}.{last}", f"{first}{last}{number}", f"{first}_{last[0]}{number}", f"its{first}{number}"]
    return draw.choice([*forms, f"{last}.{first}"])


@cache
def names() -> tuple[tuple[str, ...], tuple[str, ...]]:
    provider = import_module("faker.providers.person.en_US").Provider
    return tuple(provider.first_names), tuple(provider.last_names)
