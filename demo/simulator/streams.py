"""Keyed chance: every aspect and every person draws from a stream of its own, so that one draw more changes no other."""

from hashlib import blake2b
from random import Random


def stream(seed: int, *parts: object) -> Random:
    """A generator that depends on nothing but its key; the same on every machine and under every PYTHONHASHSEED."""
    return Random(f"{seed}:" + ":".join(map(str, parts)))


def identity(seed: int, *parts: object) -> str:
    """A platform's sort of id, 16 to 19 digits, unique for its key; it holds no time."""
    digest = blake2b(f"{seed}:{':'.join(map(str, parts))}".encode(), digest_size=8).digest()
    return str(10**16 + int.from_bytes(digest, "big") % (9 * 10**18))
