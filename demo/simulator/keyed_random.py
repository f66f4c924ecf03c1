"""Keyed chance: every aspect and every person draws from a stream of its own, so that one draw more changes no other."""

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from hashlib import blake2b
from random import Random
from statistics import NormalDist
from struct import Struct
from typing import TypeVar

One = TypeVar("One")
Key = tuple[object, ...]  # what a draw is for

_WORDS = {count: Struct(f">{count}Q") for count in range(2, 9)}
_NORMAL = NormalDist()


def stream(seed: int, *parts: object) -> Random:
    """A generator that depends on nothing but its key; the same on every machine and under every PYTHONHASHSEED."""
    return Random(int.from_bytes(_digest(seed, parts, 16), "big"))


def uniform(seed: int, *parts: object) -> float:
    """One number in (0, 1) that depends on nothing but its key; a quarter of the cost of a stream."""
    return ((int.from_bytes(_digest(seed, parts, 8), "big") >> 12) + 0.5) / 2**52


def uniforms(count: int, seed: int, *parts: object) -> list[float]:
    """Two to eight such numbers, for hardly more than the cost of one."""
    return [((bits >> 12) + 0.5) / 2**52 for bits in _WORDS[count].unpack(_digest(seed, parts, 8 * count))]


def pick(options: Sequence[One], share: float) -> One:
    """The option on which the share falls; all are as likely."""
    return options[int(share * len(options))]


def weighted_choice(lot: float, choices: Iterable[tuple[One, float]]) -> One:
    """The choice on which the lot falls, each with its width; lots lie in 0 to what the widths make together."""
    for value, width in choices:
        lot -= width
        if lot < 0:
            return value
    return value


def first_fitting(draft: Callable[[int], One], fits: Callable[[One], bool], most: int = 1_000) -> One:
    """The first of `most` drafts, numbered from 0, that fits; the last of them when none does, so that there is always one."""
    for attempt in range(most):
        one = draft(attempt)
        if fits(one):
            break
    return one


def cyclic_slice(options: tuple[One, ...], most: int, share: float) -> tuple[One, ...]:
    """Up to `most` options in a row, from the one on which the share falls, and on from the first after the last."""
    start = int(share * len(options))
    found = options[start : start + most]
    return found + options[: min(most - len(found), start)]


def normal(share: float) -> float:
    """The standard normal number below which `share` of them lie."""
    return _NORMAL.inv_cdf(share)


def uniform_of_id(id: str) -> float:
    """A share in [0, 1) that an identity stands for, whose digits are as evenly spread as any draw; costs next to nothing."""
    return int(id[-6:]) / 10**6


def numeric_id(seed: int, *parts: object) -> str:
    """A platform's sort of id, 16 to 19 digits, unique for its key; it holds no time."""
    return str(10**16 + int.from_bytes(_digest(seed, parts, 8), "big") % (9 * 10**18))


def _digest(seed: int, parts: tuple[object, ...], size: int) -> bytes:
    started = _started(seed, size).copy()
    started.update(repr(parts).encode())
    return started.digest()


@lru_cache(maxsize=1_024)
def _started(seed: int, size: int) -> blake2b:
    """The hash of the seed, which every draw of its world goes on from."""
    return blake2b(f"{seed}:".encode(), digest_size=size)
