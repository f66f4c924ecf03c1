"""Walls, floors, furniture and lamps of the pictures of every niche. Pure."""

from random import Random

from demo.pictures.paint import Paint
from interactions.pictures.colors import Color
from interactions.pictures.svg import ellipse, group, line, path, rect

WIDTH, HEIGHT = 400, 300


def shadow(paint: Paint, width: float, y: float = 0) -> str:
    """The shadow of something `width` wide that stands on (0, y)."""
    return ellipse(4, y, width / 2, width / 14, paint.dark.hex, opacity=0.2)


def standing(paint: Paint, drawing: str, x: float, y: float, scale: float = 1, width: float = 74) -> str:
    """A drawing that stands on (x, y), with its shadow."""
    return group(shadow(paint, width) + drawing, x, y, scale)


def sky(paint: Paint) -> str:
    palette = paint.palette
    return rect(0, 0, WIDTH, HEIGHT, paint.fade(palette.back, palette.back.toward(palette.glow, 0.55)))


def floor(paint: Paint, y: float) -> str:
    ground = paint.palette.ground
    return rect(0, y, WIDTH, HEIGHT - y, paint.fade(ground.lighter(0.03), ground.lighter(-0.05)))


def window_light(paint: Paint, rng: Random) -> str:
    """Light that falls through a window on the wall."""
    x = rng.randrange(-20, 60)
    panes = "".join(
        path(f"M{x + dx} {y}l62-26v70l-62 26Z", paint.palette.glow.hex) for dx in (0, 70) for y in (58, 136)
    )
    return group(panes, opacity=0.38)


def pendant(paint: Paint, x: float, y: float, light: bool = True) -> str:
    """A lamp that hangs from the ceiling, its lower edge at (x, y), and its cone of light."""
    color = paint.palette.accent
    cone = (
        path(
            f"M{x - 30} {y}H{x + 30}L{x + 92} {y + 160}H{x - 92}Z",
            paint.fade_to_transparent(Color(0.96, 0.07, 90), 0.5),
        )
        if light
        else ""
    )
    shade = path(f"M{x - 34} {y}A34 30 0 0 1 {x + 34} {y}Z", paint.two_tone(color))
    bulb = path(f"M{x - 9} {y}a9 6 0 0 0 18 0Z", Color(0.95, 0.08, 90).hex)
    return line(f"M{x} 0V{y - 28}", paint.fixture_color.hex, 2) + cone + bulb + shade


def chair(paint: Paint, color: Color) -> str:
    """A chair seen from the front that stands on (0, 0)."""
    return (
        line("M-19 0V-40M19 0V-40M-13-8V-40M13-8V-40", color.lighter(-0.12).hex, 4)
        + line("M-18-44V-92M18-44V-92", color.lighter(-0.05).hex, 5)
        + rect(-21, -98, 42, 26, paint.two_tone(color), 6)
        + path("M-23-48H23L26-34H-26Z", color.lighter(0.03).hex)
    )


def table(paint: Paint, y: float, color: Color, left: float = 30, right: float = 370) -> str:
    """A table with its top edge at y, which stands below the picture."""
    legs = rect(left + 22, y + 10, 13, HEIGHT, color.lighter(-0.13).hex) + rect(
        right - 35, y + 10, 13, HEIGHT, color.lighter(-0.13).hex
    )
    return (
        legs
        + rect(left, y, right - left, 13, paint.two_tone(color, -0.05), 3)
        + rect(left + 6, y + 13, right - left - 12, 6, color.lighter(-0.16).hex)
    )


def books(paint: Paint) -> str:
    """Four books that stand on (0, 0)."""
    colors = (paint.palette.second, paint.palette.main, paint.palette.accent, paint.light)
    return "".join(
        rect(15 * place, -height, 13, height, color.hex, 1.5)
        for place, (height, color) in enumerate(zip((62, 70, 56, 66), colors, strict=True))
    )
