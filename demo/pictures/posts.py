"""Addresses of the pictures of demo posts and of niches. The pages of posts call it through `interactions.pictures.posts`."""

from collections.abc import Mapping, Sequence

from django.db.models.fields.json import KeyTextTransform

from demo import simulator
from demo.models import StoryEvent
from demo.pictures.scenes import OBJECTS_BY_NICHE, has_picture
from interactions.pictures.addresses import picture_address, picture_hash
from interactions.pictures.sources import Post

SEEDS = 2**16


def demo_picture_urls(posts: Sequence[Post]) -> Mapping[int, str]:
    """The addresses of the pictures of demo posts whose niche and topic have drawings, by primary key; one query."""
    topics = _topics(posts)
    urls = {}
    for post in posts:
        niche, topic = topics.get((post.profile_id, post.platform_id), ("", ""))
        if has_picture(niche, topic):
            seed = picture_hash(post.platform_id) % SEEDS
            urls[post.pk] = picture_address("post-picture", niche, topic, f"{seed:04x}")
    return urls


def _topics(posts: Sequence[Post]) -> dict[tuple[int, str], tuple[str, str]]:
    """Niche and topic by profile and platform id; the story has the topic in the simulator's memo."""
    events = StoryEvent.objects.filter(
        profile__in={post.profile_id for post in posts},
        platform_id__in=[post.platform_id for post in posts],
        type=StoryEvent.Type.CONTENT,
    )
    rows = events.values_list(
        "profile_id", "platform_id", "account__niche", KeyTextTransform(simulator.MEMO, "payload")
    )
    return {
        (profile, platform_id): (niche, simulator.topic_of(memo or ""))
        for profile, platform_id, niche, memo in rows
    }


def niche_cover_url(niche: str) -> str:
    """The address of the picture by which people choose the niche; "" when it has no drawings."""
    return picture_address("niche-picture", niche) if niche in OBJECTS_BY_NICHE else ""
