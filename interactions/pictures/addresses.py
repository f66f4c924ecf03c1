"""Hashes for the addresses of pictures, and the version that they end with. Called by people.py, posts.py and `demo`."""

from hashlib import sha256

from django.urls import reverse

# Browsers keep pictures for a year. Raise it when the drawings change, so that people see the new ones.
VERSION = 1


def picture_hash(*parts: str) -> int:
    """An integer of 64 bits that depends on the parts only, in every process."""
    return int.from_bytes(sha256("\0".join(parts).encode(errors="surrogatepass")).digest()[:8])


def picture_address(route: str, *arguments: str | int) -> str:
    """The address of the picture at the route's name, from the root."""
    return f"{reverse(route, args=arguments)}?v={VERSION}"
