"""The audience: 6,000 people per platform, each computed from the seed when first needed. Called by the text modules.

Names come from Faker's tables. Importing them takes a tenth of a second, so they are imported with the first person.
"""

from bisect import bisect
from collections.abc import Iterable
from functools import cache, lru_cache
from importlib import import_module
from math import floor, pow
from typing import NamedTuple

from demo.simulator.handles import person_handle
from demo.simulator.keyed_random import (
    normal_quantile,
    numeric_id,
    rejection_sample,
    uniform,
    uniform_choice,
    uniforms,
    weighted_choice,
)
from demo.simulator.values import Author

AUDIENCE_SIZE = 6_000  # people per platform
# Half of the authors follow a Lomax distribution over the people's numbers, so that a few people write often; the other
# half are uniform, so that many people write once [A].
HEAVY_TAIL_SHARE = 0.5
LOMAX_SHAPE = 1.1
LOMAX_SCALE = 150.0  # people
CELEBRITIES = frozenset(  # full names that no person gets
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


class WritingStyle(NamedTuple):
    """A person's constant habits of writing."""

    case: str  # "sentence", "first" (first letter in lower case) or "lower"
    closing: str  # the last punctuation mark: "none", "stop" or "bang"
    emoji: float  # frequency, relative to the platform's average
    typos: float  # share of texts with a typing error
    length: float  # in standard deviations of ln(length)


@lru_cache(maxsize=2_048)
def writing_style(seed: int, author_id: str) -> WritingStyle:
    """The writing style of the person with that id; constant over time."""
    case, closing, emoji, typos, length = uniforms(5, seed, "voice", author_id)
    return WritingStyle(
        weighted_choice((("sentence", 0.78), ("first", 0.14), ("lower", 0.08)), case),
        weighted_choice((("none", 0.60), ("stop", 0.23), ("bang", 0.17)), closing),
        weighted_choice(((0.3, 0.25), (0.9, 0.45), (1.73, 0.30)), emoji),
        weighted_choice(((0.0, 0.70), (0.06, 0.20), (0.25, 0.10)), typos),
        normal_quantile(length),
    )


def positivity(seed: int, platform: str, number: int) -> float:
    """How positive person `number` tends to be, from 0 (complains) to 1 (praises)."""
    return uniform(seed, "mood", platform, number)


def is_interested(seed: int, author_id: str, facet: str) -> bool:
    """Whether the facet is one of the person's interests; everybody is interested in about a third of all facets."""
    return uniform(seed, "interest", author_id, facet) < 0.35


def person_number(u_group: float, u_person: float) -> int:
    """The number of a random person who writes: by `u_group` from the heavy tail or from everybody."""
    if u_group < HEAVY_TAIL_SHARE:
        return min(floor(LOMAX_SCALE * (pow(1 - u_person, -1 / LOMAX_SHAPE) - 1)), AUDIENCE_SIZE - 1)
    return floor(u_person * AUDIENCE_SIZE)


def person_id(seed: int, platform: str, number: int) -> str:
    return numeric_id(seed, "person", platform, number)


@lru_cache(maxsize=2_048)
def person(seed: int, locales: tuple[str, ...], platform: str, number: int) -> Author:
    """Person `number` of the platform's audience; id, handle and name are constant over time."""
    id = person_id(seed, platform, number)

    def propose(attempt: int) -> tuple[str, str, list[float]]:
        u_locale, u_first, u_last, *rest = uniforms(8, seed, "person", id, attempt)
        names = _names(uniform_choice(locales, u_locale))
        return uniform_choice(names.first, u_first), names.last[bisect(names.weights, u_last)], rest

    first, last, u = rejection_sample(propose, lambda name: f"{name[0]} {name[1]}" not in CELEBRITIES)
    return Author(id, person_handle(platform, first, last, *u[:4]), _display_name(first, last, u[4]))


def _display_name(first: str, last: str, u: float) -> str:
    """The name as people enter it: usually in full, sometimes the first name alone or with an initial."""
    if u < 0.80:
        return f"{first} {last}"
    if u < 0.89:
        return first
    return f"{first} {last[0]}." if u < 0.96 else first.lower()


class _Names(NamedTuple):
    first: tuple[str, ...]
    last: tuple[str, ...]
    weights: tuple[float, ...]  # of the last names, cumulative, up to 1


@cache
def _names(locale: str) -> _Names:
    provider = import_module(f"faker.providers.person.{locale}").Provider
    first, last = _stripped(provider.first_names), _stripped(provider.last_names)
    total = 0.0
    weights = []
    for rank in range(len(last)):
        total += 1 / (rank + 20)
        weights.append(total)
    return _Names(first, last, tuple(weight / total for weight in weights))


def _stripped(names: Iterable[str]) -> tuple[str, ...]:
    """The names without leading, trailing and repeated blanks, which some of Faker's tables contain."""
    return tuple(" ".join(name.split()) for name in names if name.strip())
