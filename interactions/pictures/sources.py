"""Where the pictures of demo posts come from: `demo` registers it, `posts.py` asks it. Imports no models, for `demo/apps.py`."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol


class Post(Protocol):
    """What is known of a post: an instance of Content, with at least these fields read."""

    pk: int
    profile_id: int
    platform_id: str
    kind: str
    is_demo: bool


Source = Callable[[Sequence[Post]], Mapping[int, str]]
_sources: list[Source] = []


def register_demo_source(source: Source) -> None:
    """Let `source` give the addresses of the pictures of demo posts, by primary key, in a constant number of queries.

    Posts that it leaves out get the same pictures as posts of live profiles.
    """
    _sources.append(source)


def from_demo(posts: Sequence[Post]) -> dict[int, str]:
    """The addresses of pictures of these demo posts, by primary key."""
    return {pk: url for source in _sources for pk, url in source(posts).items()}
