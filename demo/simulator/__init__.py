"""A believable world: what happens, when, and who says what. Pure: a function of its arguments, without a clock.

Importing it reads no table of words and nothing of Faker; both come with the first draw, in the process that makes it.
"""

from demo.simulator.scenarios import SCENARIO_LASTS, SCENARIOS, Scenario, scenario
from demo.simulator.tables import LANGUAGES, NICHES, language_choices, niches
from demo.simulator.values import (
    BRAND,
    COMMENT,
    CONTENT,
    FIGURES,
    MEMO,
    MESSAGE,
    METRICS,
    SPIKE,
    Author,
    Event,
    Metrics,
    ProfileSpec,
    Quota,
    World,
    event_payload,
    from_payload,
    remembered,
)
from demo.simulator.windows import (
    DEFAULT_LANGUAGE,
    EXTRA_SPAN,
    PIECES_LOOK_BACK,
    TALK_LOOK_BACK,
    content_window,
    default_brand,
    extra_content,
    extra_interactions,
    initial,
    interactions_window,
    profiles,
)

DEFAULT_NICHE = "coffee"

__all__ = [
    *("DEFAULT_LANGUAGE", "DEFAULT_NICHE", "EXTRA_SPAN", "LANGUAGES", "NICHES"),
    *("PIECES_LOOK_BACK", "TALK_LOOK_BACK", "SCENARIOS", "SCENARIO_LASTS"),
    *("BRAND", "COMMENT", "CONTENT", "FIGURES", "MEMO", "MESSAGE", "METRICS", "SPIKE"),
    *("Author", "Event", "Metrics", "ProfileSpec", "Quota", "Scenario", "World"),
    *(
        "content_window",
        "default_brand",
        "event_payload",
        "extra_content",
        "extra_interactions",
        "from_payload",
    ),
    *("initial", "interactions_window", "language_choices", "niches", "profiles", "remembered", "scenario"),
]
