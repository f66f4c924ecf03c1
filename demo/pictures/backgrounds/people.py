"""People without faces for the pictures of every niche. Pure."""

from random import Random

from demo.pictures.paint import Paint
from interactions.pictures.colors import Color
from interactions.pictures.svg import ellipse, path

SKIN = (Color(0.84, 0.06, 65), Color(0.72, 0.085, 58), Color(0.58, 0.085, 52), Color(0.44, 0.065, 48))
HAIR = (
    Color(0.28, 0.03, 40),
    Color(0.40, 0.07, 45),
    Color(0.66, 0.10, 75),
    Color(0.55, 0.13, 45),
    Color(0.75, 0.01, 80),
)


def person(paint: Paint, rng: Random, shirt: Color) -> str:
    """Head and shoulders without a face; the lower edge is at (0, 0), the head's top about 125 above."""
    skin, hair = rng.choice(SKIN), rng.choice(HAIR)
    styles = (
        ("", "M-27-84C-31-118-13-126 2-125 20-124 31-110 27-84 22-98 14-103 4-103-8-103-20-100-27-84Z"),  # short
        ("M-30-96C-30-132 30-132 30-96V-56C30-46-30-46-30-56Z", "M-26-84C-26-104-8-104 6-112 16-106 26-100 26-84 34-128-34-130-26-84Z"),  # long
        ("M-11-112a14 14 0 1 1 22 0Z", "M-27-86C-32-124 32-124 27-86 20-104 8-106 0-106-8-106-20-104-27-86Z"),  # bun
        ("", "M-29-88A14 14 0 0 1-24-110A16 16 0 0 1-2-124A16 16 0 0 1 22-112A14 14 0 0 1 29-88C20-104 8-104 0-104-8-104-20-104-29-88Z"),  # curls
        ("M-28-92C-30-130 30-130 28-92L33-64Q18-56 16-70H-16Q-18-56-33-64Z", "M-26-86C-28-126 28-126 26-86 22-100 6-100-10-104-16-98-24-96-26-86Z"),  # bob
    )  # fmt: skip
    behind, front = rng.choice(styles)
    return (
        (path(behind, hair.lighter(-0.03).hex) if behind else "")
        + path("M-10-70H10V-44H-10Z", skin.lighter(-0.06).hex)
        + path("M-52 0C-52-34-34-48-14-50Q0-38 14-50C34-48 52-34 52 0Z", paint.two_tone(shirt))
        + ellipse(0, -88, 24, 28, skin.hex)
        + path(front, hair.hex)
    )
