"""Addresses of pictures of posts. Called by pages that show posts."""

from collections.abc import Iterable

from interactions.pictures.abstract import SEEDS, family
from interactions.pictures.addresses import picture_address, picture_hash
from interactions.pictures.sources import Post, from_demo


def picture_urls(posts: Iterable[Post]) -> dict[int, str]:
    """The address of a picture of each post, by primary key. One query if there are demo posts, else none."""
    posts = list(posts)
    demo = [post for post in posts if post.is_demo]
    urls = from_demo(demo) if demo else {}
    return {post.pk: urls.get(post.pk) or _abstract_url(post) for post in posts}


def _abstract_url(post: Post) -> str:
    return picture_address("abstract-picture", family(post.kind), picture_hash(post.platform_id) % SEEDS)
