"""The tables of demo mode, an account per user and its story events; the public names of this package."""

from demo.models.account import (
    MAX_SEED,
    DemoAccount,
    State,
    default_platforms,
)
from demo.models.setting_columns import validate_time_zone
from demo.models.story import COUNTED_TYPE_NAMES, COUNTED_TYPES, StoryEvent, StoryEventQuerySet, webhook_event

__all__ = [
    "COUNTED_TYPES",
    "COUNTED_TYPE_NAMES",
    "MAX_SEED",
    "DemoAccount",
    "State",
    "StoryEvent",
    "StoryEventQuerySet",
    "default_platforms",
    "validate_time_zone",
    "webhook_event",
]
