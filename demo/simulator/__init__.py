"""A believable world: what happens, when, and who says what. Pure: a function of its arguments, without a clock."""

from demo.simulator.platforms import MESSAGE_PLATFORMS
from demo.simulator.values import (
    COMMENT,
    CONTENT,
    MESSAGE,
    Author,
    Event,
    ProfileSpec,
    Quota,
    World,
    event_payload,
    from_payload,
)
from demo.simulator.windows import (
    PIECES_LOOK_BACK,
    TALK_LOOK_BACK,
    content_window,
    default_brand,
    extra_content,
    initial,
    interactions_window,
    profiles,
)
from demo.simulator.words.niches import NICHES as _NICHES

NICHES = tuple(_NICHES)
DEFAULT_NICHE = "coffee"
LANGUAGES = ("en",)

__all__ = [
    *("DEFAULT_NICHE", "LANGUAGES", "MESSAGE_PLATFORMS", "NICHES", "PIECES_LOOK_BACK", "TALK_LOOK_BACK"),
    *("COMMENT", "CONTENT", "MESSAGE"),
    *("Author", "Event", "ProfileSpec", "Quota", "World"),
    *("content_window", "default_brand", "event_payload", "extra_content", "from_payload"),
    *("initial", "interactions_window", "profiles"),
]
