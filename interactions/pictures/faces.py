"""Faces of invented people, composed by DiceBear from the style Lorelei (CC0). Pure; called by views.py.

People of live profiles never get one: a drawn face would say something about them that nobody knows.
"""

import json
from functools import cache
from importlib.resources import files
from typing import Any

from dicebear import Avatar, Style

from interactions.pictures.colors import Color
from interactions.pictures.initials import TINTS

FAIR, TAN, BROWN, DARK = (
    color.hex
    for color in (
        Color(0.92, 0.035, 65),
        Color(0.83, 0.065, 62),
        Color(0.66, 0.085, 55),
        Color(0.50, 0.075, 48),
    )
)
BLACK_HAIR, BROWN_HAIR, CHESTNUT, RED_HAIR, BLOND, GRAY = (
    color.hex
    for color in (
        Color(0.27, 0.01, 40),
        Color(0.36, 0.05, 45),
        Color(0.47, 0.08, 50),
        Color(0.58, 0.13, 48),
        Color(0.77, 0.10, 80),
        Color(0.68, 0.01, 80),
    )
)
LOOKS = (  # skin and hair
    *((FAIR, hair) for hair in (BLACK_HAIR, BROWN_HAIR, CHESTNUT, RED_HAIR, BLOND, GRAY)),
    *((TAN, hair) for hair in (BLACK_HAIR, BROWN_HAIR, CHESTNUT, GRAY)),
    *((BROWN, hair) for hair in (BLACK_HAIR, BROWN_HAIR, GRAY)),
    *((DARK, hair) for hair in (BLACK_HAIR, BROWN_HAIR)),
)
USED_MOUTHS = [f"happy{number:02}" for number in (1, 2, 3, 4, 5, 6, 8, 10, 13, 14, 15, 17)]
ODD = {"eyes": (3, 5, 9), "hair": (27, 34, 45), "glasses": (2,)}  # numbers of variants
# In percent. Names do not tell whether people have the first three.
PROBABILITIES = {"beard": 0, "earrings": 0, "hairAccessories": 0, "glasses": 16}


def face(key: int) -> str:
    """The face of the person with the key, an integer from 0 on, as an SVG document."""
    skin, hair = LOOKS[key % len(LOOKS)]
    options = {
        "seed": f"{key:x}",
        "backgroundColor": Color(0.88, 0.055, 360 / TINTS * (key // len(LOOKS) % TINTS)).hex,
        "skinColor": skin,
        "hairColor": hair,
        "scale": 1.15,
    }
    return Avatar(lorelei(), options).to_string()


@cache
def lorelei() -> Style:
    """The style. Reading and checking it takes a fifth of a second, so `config/wsgi.py` calls it at the start."""
    definition = json.loads(files("dicebear_styles").joinpath("lorelei.json").read_text("utf-8"))
    _restrict(definition["components"])
    return Style(definition)


def _restrict(components: dict[str, Any]) -> None:
    """Remove what faces shall not have. In the options of each face, this would take most of the time."""
    for part, percent in PROBABILITIES.items():
        components[part]["probability"] = percent
    for part, numbers in ODD.items():
        for number in numbers:
            del components[part]["variants"][f"variant{number:02}"]
    mouths = components["mouth"]["variants"]
    components["mouth"]["variants"] = {name: mouths[name] for name in USED_MOUTHS}
