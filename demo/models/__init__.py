"""The demo of each user: its account (settings and state) and its story."""

from demo.models.account import (
    MAX_BRAND_LENGTH,
    MAX_PRODUCT_LENGTH,
    MAX_PRODUCTS,
    MAX_SEED,
    DemoAccount,
    Rhythm,
    State,
    default_platforms,
    time_zones,
    validate_time_zone,
    zone_alike,
)
from demo.models.story import KINDS, StoryEvent, StoryEventQuerySet, webhook_event

__all__ = [
    *("KINDS", "MAX_SEED", "MAX_BRAND_LENGTH", "MAX_PRODUCT_LENGTH", "MAX_PRODUCTS"),
    *("DemoAccount", "Rhythm", "State", "StoryEvent", "StoryEventQuerySet"),
    *("default_platforms", "time_zones", "validate_time_zone", "webhook_event", "zone_alike"),
]
