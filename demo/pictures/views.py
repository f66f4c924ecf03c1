"""Serves the pictures of demo posts and of niches. Routed by `demo/urls.py`."""

from demo.pictures import scenes
from interactions.pictures.views import picture_view


@picture_view
def post_picture(niche: str, topic: str, seed: str) -> str:
    return scenes.post_picture(niche, topic, int(seed, 16))


@picture_view
def niche_cover(niche: str) -> str:
    return scenes.niche_cover(niche)
