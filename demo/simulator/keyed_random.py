"""Keyed random numbers: every draw depends on the world's seed and its own key alone. Called by all of the simulator.

An additional draw somewhere therefore changes no other draw. Wherever a parameter is called `u` it is a uniform random
number in (0, 1).
"""

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from hashlib import blake2b
from random import Random
from statistics import NormalDist
from struct import Struct
from typing import TypeVar

T = TypeVar("T")
Key = tuple[object, ...]  # names one draw; never change one, as it changes every story

_UNPACK = {count: Struct(f">{count}Q") for count in range(2, 9)}
_NORMAL = NormalDist()


def stream(seed: int, *key: object) -> Random:
    """A random generator for the key; the same on every machine and under every PYTHONHASHSEED."""
    return Random(int.from_bytes(_digest(seed, key, 16), "big"))


def uniform(seed: int, *key: object) -> float:
    """One uniform number in (0, 1) for the key; costs a quarter of a stream."""
    return ((int.from_bytes(_digest(seed, key, 8), "big") >> 12) + 0.5) / 2**52


def uniforms(count: int, seed: int, *key: object) -> list[float]:
    """Two to eight uniform numbers in (0, 1) for the key, for little more than the cost of one."""
    return [((bits >> 12) + 0.5) / 2**52 for bits in _UNPACK[count].unpack(_digest(seed, key, 8 * count))]


def uniform_choice(options: Sequence[T], u: float) -> T:
    """One of the options, all equally likely."""
    return options[int(u * len(options))]


def weighted_choice(choices: Iterable[tuple[T, float]], position: float) -> T:
    """The value of one of the `(value, weight)` pairs; `position` is uniform between 0 and the sum of the weights."""
    for value, weight in choices:
        position -= weight
        if position < 0:
            return value
    return value


def cyclic_slice(options: tuple[T, ...], max_length: int, u: float) -> tuple[T, ...]:
    """Up to `max_length` consecutive options from a random start, continued at the first option after the last."""
    start = int(u * len(options))
    found = options[start : start + max_length]
    return found + options[: min(max_length - len(found), start)]


def rejection_sample(
    propose: Callable[[int], T], accepts: Callable[[T], bool], max_attempts: int = 1_000
) -> T:
    """The first accepted proposal; `propose` gets the attempt's number from 0.

    After `max_attempts` the last proposal is returned although it was not accepted, so that a window never fails.
    """
    for attempt in range(max_attempts):
        proposal = propose(attempt)
        if accepts(proposal):
            break
    return proposal


def normal_quantile(u: float) -> float:
    """The standard normal distribution's quantile: turns a uniform number into a normal one."""
    return _NORMAL.inv_cdf(u)


def uniform_of_id(id: str) -> float:
    """A number in [0, 1) read from an id's last six digits, which are uniform; cheaper than a draw."""
    return int(id[-6:]) / 10**6


def numeric_id(seed: int, *key: object) -> str:
    """An id of 16 to 19 digits, as platforms use, unique for the key; it contains no time."""
    return str(10**16 + int.from_bytes(_digest(seed, key, 8), "big") % (9 * 10**18))


def _digest(seed: int, key: Key, size: int) -> bytes:
    digest = _seed_digest(seed, size).copy()
    digest.update(repr(key).encode())
    return digest.digest()


@lru_cache(maxsize=1_024)
def _seed_digest(seed: int, size: int) -> blake2b:
    """The hash of the seed alone, which each draw copies and continues with its key."""
    return blake2b(f"{seed}:".encode(), digest_size=size)
