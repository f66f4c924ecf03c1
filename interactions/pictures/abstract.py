"""Pictures of posts of which nothing but the kind is known. Pure; called by posts.py and views.py."""

from collections.abc import Callable, Mapping

from interactions.pictures.colors import Color
from interactions.pictures.svg import circle, document, group, line, number, path, rect

SEEDS = 16
MOVING = ("video", "reel", "short", "live", "clip", "story")
WRITTEN = ("article", "text", "note", "document", "link", "tweet")


def _still(color: Color, seed: int) -> str:
    """Hills and a sun, as where a photograph will be."""
    x, high = 70 + 17 * seed, 150 + 6 * (seed % 5)
    return (
        circle(400 - x, 92, 34, color.lighter(0.1).hex)
        + path(
            f"M0 {high + 50}C{x} {high - 60} {x + 60} {high + 90} 400 {high}V300H0Z", color.lighter(-0.05).hex
        )
        + path(
            f"M0 {high + 90}C90 {high + 30} {x + 90} {high + 130} 400 {high + 60}V300H0Z",
            color.lighter(-0.1).hex,
        )
    )


def _moving(color: Color, seed: int) -> str:
    """Waves of a sound track, and the sign for playing."""
    bars = "".join(
        f"M{20 + 20 * bar} 150v{number(height)}M{20 + 20 * bar} 150v{number(-height)}"
        for bar in range(19)
        for height in [12 + (bar * 37 + seed * 53) % 46]
    )
    return (
        line(bars, color.lighter(-0.06).hex, 8)
        + circle(200, 150, 52, color.lighter(-0.14).hex)
        + path("M184 124L226 150 184 176Z", color.lighter(0.12).hex)
    )


def _written(color: Color, seed: int) -> str:
    """A sheet with lines."""
    lines = "".join(f"M-74 {-50 + 26 * row}H{[58, 74, 40, 66, 20][(row + seed) % 5]}" for row in range(5))
    sheet = rect(-100, -92, 200, 210, color.lighter(0.1).hex, 10) + line(lines, color.lighter(-0.08).hex, 8)
    return circle(120 + 10 * seed, 80, 90, color.lighter(-0.04).hex) + group(sheet, 200, 160, 1, seed % 5 - 2)


FAMILIES: Mapping[str, Callable[[Color, int], str]] = {
    "still": _still,
    "moving": _moving,
    "written": _written,
}


def family(kind: str) -> str:
    """The key of FAMILIES for a post's kind, such as "reel"; unknown kinds are still pictures."""
    return "moving" if kind in MOVING else "written" if kind in WRITTEN else "still"


def abstract_picture(family: str, seed: int) -> str:
    """A neutral picture of 4:3 as an SVG document; `family` is a key of FAMILIES, `seed` is below SEEDS."""
    color = Color(0.80, 0.022, 360 / SEEDS * seed)
    return document(400, 300, rect(0, 0, 400, 300, color.hex) + FAMILIES[family](color, seed))
