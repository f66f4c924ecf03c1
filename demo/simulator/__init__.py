"""The simulator: draws the events of a demo (what happens when, and the texts). Called by the engine and the lifecycle.

Pure: a function of its arguments, without clock, database or Django. Importing it reads no table of phrases and none of
Faker's names; the first draw does, in the process that makes it.
"""

from demo.simulator.posts import topic_of
from demo.simulator.scenario_plans import SCENARIO_PLANS, SCENARIOS, Scenario
from demo.simulator.scenarios import SCENARIO_DURATION, scenario
from demo.simulator.tables import LANGUAGES, NICHES, language_choices, niches
from demo.simulator.values import (
    BRAND_ORIGIN,
    COMMENT,
    CONTENT,
    MEMO,
    MESSAGE,
    METRICS,
    METRICS_ORIGIN,
    ORIGINS,
    SPIKE_ORIGIN,
    Author,
    Metrics,
    ProfileSpec,
    Quota,
    SimulatedEvent,
    World,
    event_payload,
    from_payload,
    stored_payload,
)
from demo.simulator.windows import (
    DEFAULT_LANGUAGE,
    EXTRA_SPAN,
    INTERACTIONS_LOOK_BACK,
    POSTS_LOOK_BACK,
    RHYTHMS,
    content_window,
    default_brand,
    extra_content,
    extra_interactions,
    initial_batch,
    interactions_window,
    profiles,
)

DEFAULT_NICHE = "coffee"

__all__ = [
    "BRAND_ORIGIN",
    "COMMENT",
    "CONTENT",
    "DEFAULT_LANGUAGE",
    "DEFAULT_NICHE",
    "EXTRA_SPAN",
    "INTERACTIONS_LOOK_BACK",
    "LANGUAGES",
    "MEMO",
    "MESSAGE",
    "METRICS",
    "METRICS_ORIGIN",
    "NICHES",
    "ORIGINS",
    "POSTS_LOOK_BACK",
    "RHYTHMS",
    "SCENARIOS",
    "SCENARIO_DURATION",
    "SCENARIO_PLANS",
    "SPIKE_ORIGIN",
    "Author",
    "Metrics",
    "ProfileSpec",
    "Quota",
    "Scenario",
    "SimulatedEvent",
    "World",
    "content_window",
    "default_brand",
    "event_payload",
    "extra_content",
    "extra_interactions",
    "from_payload",
    "initial_batch",
    "interactions_window",
    "language_choices",
    "niches",
    "profiles",
    "scenario",
    "stored_payload",
    "topic_of",
]
