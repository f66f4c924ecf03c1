"""The audience: thousands of people per platform, each built when first needed from the seed.

Their names come from Faker's tables, whose import costs a tenth of a second and so waits for the first person.
"""

from bisect import bisect
from collections.abc import Iterable
from functools import cache, lru_cache
from importlib import import_module
from math import floor, pow
from typing import NamedTuple

from demo.simulator.handles import person_handle
from demo.simulator.keyed_random import (
    first_fitting,
    normal,
    numeric_id,
    pick,
    uniform,
    uniforms,
    weighted_choice,
)
from demo.simulator.values import Author

AUDIENCE = 6_000  # people per platform
REGULARS = 0.5  # share of what is said that comes from the heavy tail [A]
TAIL = 1.1  # exponent of the activity law: a few regulars, many who write once [A]
WIDTH = 150.0  # of the law's head, in people [A]
KNOWN = frozenset(  # names of people whom everybody knows; nobody here is called so
    [
        "Taylor Swift",
        "Michael Jordan",
        "Michael Jackson",
        "Elizabeth Taylor",
        "James Brown",
        "Will Smith",
        "Emma Watson",
        "Chris Evans",
        "Paul Simon",
        "George Bush",
        "George Washington",
        "Tom Jones",
        "Elton John",
        "David Cameron",
        "Gordon Brown",
        "Harry Potter",
        "Jennifer Lopez",
        "Oscar Wilde",
        "Barbara Walters",
        "Ryan Adams",
        "Bryan Adams",
        "Stevie Nicks",
        "Serena Williams",
        "Venus Williams",
        "Robin Williams",
        "Jimmy Carter",
        "John Adams",
        "Chris Brown",
        "Katie Price",
        "Kate Moss",
        "Jack White",
        "Diana Ross",
        "Kanye West",
        "Rafael Nadal",
        "Fernando Alonso",
        "Sergio Ramos",
        "Pablo Neruda",
        "Salma Hayek",
        "Antonio Banderas",
        "Jorge Campos",
        "Rosa Parks",
        "Neil Armstrong",
        "Louis Armstrong",
        "Tiger Woods",
        "Janet Jackson",
        "Samuel Jackson",
        "Andrew Jackson",
    ]
)


class Voice(NamedTuple):
    """A person's stable way of writing."""

    case: str  # sentence, first (letter small) or lower
    closing: str  # none, stop or bang
    emoji: float  # how often, against the platform's average
    typos: float  # share of texts with a typing error
    length: float  # in standard deviations of ln(length)


@lru_cache(maxsize=2_048)
def voice(seed: int, author_id: str) -> Voice:
    """How the person with that id writes; the same on every day."""
    case, closing, emoji, typos, length = uniforms(5, seed, "voice", author_id)
    return Voice(
        weighted_choice(case, (("sentence", 0.78), ("first", 0.14), ("lower", 0.08))),
        weighted_choice(closing, (("none", 0.60), ("stop", 0.23), ("bang", 0.17))),
        weighted_choice(emoji, ((0.3, 0.25), (0.9, 0.45), (1.73, 0.30))),
        weighted_choice(typos, ((0.0, 0.70), (0.06, 0.20), (0.25, 0.10))),
        normal(length),
    )


def mood(seed: int, platform: str, number: int) -> float:
    """How person `number` sees things: 0 always complains, 1 always praises."""
    return uniform(seed, "mood", platform, number)


def interested(seed: int, author_id: str, facet: str) -> bool:
    """Whether that is one of the person's interests, of which everybody has about a third."""
    return uniform(seed, "interest", author_id, facet) < 0.35


def someone(regular: float, which: float) -> int:
    """The number of a person who acts, by two lots: half of the time one of a few regulars, else anybody."""
    if regular < REGULARS:
        return min(floor(WIDTH * (pow(1 - which, -1 / TAIL) - 1)), AUDIENCE - 1)
    return floor(which * AUDIENCE)


def person_id(seed: int, platform: str, number: int) -> str:
    return numeric_id(seed, "person", platform, number)


@lru_cache(maxsize=2_048)
def person(seed: int, locales: tuple[str, ...], platform: str, number: int) -> Author:
    """Person `number` of the audience; the same id, handle and name on every day."""
    id = person_id(seed, platform, number)

    def named(attempt: int) -> tuple[str, str, list[float]]:
        locale, first, last, *lots = uniforms(8, seed, "person", id, attempt)
        names = _names(pick(locales, locale))
        return pick(names.first, first), names.last[bisect(names.weights, last)], lots

    given, family, lots = first_fitting(named, lambda one: f"{one[0]} {one[1]}" not in KNOWN)
    handle = person_handle(platform, given, family, *lots[:4])
    return Author(id, handle, _shown(given, family, lots[4]))


def _shown(first: str, last: str, lot: float) -> str:
    """The name as people enter it: mostly in full, some the first name alone or with an initial."""
    if lot < 0.80:
        return f"{first} {last}"
    if lot < 0.89:
        return first
    return f"{first} {last[0]}." if lot < 0.96 else first.lower()


class _Names(NamedTuple):
    first: tuple[str, ...]
    last: tuple[str, ...]
    weights: tuple[float, ...]  # of the last names, cumulated, up to 1


@cache
def _names(locale: str) -> _Names:
    provider = import_module(f"faker.providers.person.{locale}").Provider
    first, last = _tidied(provider.first_names), _tidied(provider.last_names)
    total, weights = 0.0, []
    for rank in range(len(last)):
        total += 1 / (rank + 20)
        weights.append(total)
    return _Names(first, last, tuple(weight / total for weight in weights))


def _tidied(names: Iterable[str]) -> tuple[str, ...]:
    """The names with single blanks and none around them; some of the tables have more."""
    return tuple(" ".join(name.split()) for name in names if name.strip())
