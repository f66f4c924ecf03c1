"""What stands, lies and hangs in the pictures of a maker of skin care. Pure."""

from random import Random

from demo.pictures.backgrounds import nature
from demo.pictures.paint import Paint
from interactions.pictures.colors import Color
from interactions.pictures.svg import circle, ellipse, group, line, path, rect

WOOD = Color(0.72, 0.06, 68)


def dropper(paint: Paint, rng: Random) -> str:
    """A bottle with a dropper."""
    glass = rng.choice((Color(0.52, 0.10, 55), paint.palette.main, paint.palette.second))
    return (
        path("M-7-104C-10-92-10-86-8-80H8C10-86 10-92 7-104 5-108-5-108-7-104Z", paint.palette.accent.hex)
        + rect(-11, -82, 22, 14, paint.light.lighter(-0.16).hex, 2)
        + path(
            "M-10-68H10C26-62 26-58 26-52V-7Q26 0 19 0H-19Q-26 0-26-7V-52C-26-58-26-62-10-68Z",
            paint.round(glass),
        )
        + rect(-18, -46, 36, 32, paint.light.hex, 2)
        + _leaf_mark(paint, 0, -32)
        + line("M-10-20H10", paint.dark.hex, 1.8, opacity=0.45)
    )


def _leaf_mark(paint: Paint, x: float, y: float) -> str:
    green = nature.leaf_color(paint).hex
    return group(
        path("M0 8C-9 2-8-7 0-11 8-7 9 2 0 8Z", green) + line("M0 10V-6", paint.light.hex, 1.2), x, y
    )


def jar(paint: Paint, rng: Random) -> str:
    """A jar of cream with its lid."""
    glass, lid = (
        rng.choice((paint.palette.main, paint.palette.second)),
        rng.choice((WOOD, paint.palette.accent)),
    )
    return (
        path("M-38-40H38V-10Q38 0 28 0H-28Q-38 0-38-10Z", paint.round(glass))
        + rect(-40, -60, 80, 22, paint.round(lid), 4)
        + line("M-40-45H40", lid.lighter(-0.12).hex, 2)
        + rect(-20, -30, 40, 20, paint.light.hex, 2)
        + line("M-12-23H12M-7-17H7", paint.dark.hex, 1.8, opacity=0.45)
    )


def pump(paint: Paint, rng: Random) -> str:
    """A bottle with a pump."""
    body = rng.choice((paint.palette.second, paint.palette.main))
    cap = paint.fixture_color.hex
    return (
        path("M-4-104H24Q28-104 28-98H22V-100H4V-84H-4Z", cap)
        + rect(-9, -88, 18, 12, cap, 2)
        + path("M-26-76H26Q30-76 30-70V-8Q30 0 22 0H-22Q-30 0-30-8V-70Q-30-76-26-76Z", paint.round(body))
        + rect(-20, -58, 40, 38, paint.light.hex, 2)
        + _leaf_mark(paint, 0, -43)
        + line("M-12-27H12", paint.dark.hex, 1.8, opacity=0.45)
    )


def tube(paint: Paint, rng: Random) -> str:
    """A tube that stands on its cap."""
    body, band = rng.sample((paint.palette.main, paint.palette.second, paint.palette.accent), 2)
    return (
        rect(-15, -16, 30, 16, band.lighter(-0.05).hex, 3)
        + path("M-27-96H27L18-16H-18Z", paint.two_tone(body, -0.06, 0.62))
        + rect(-29, -100, 58, 8, body.lighter(-0.08).hex, 2)
        + path("M-24.5-74H24.5L22-50H-22Z", band.hex)
        + line("M-11-65H11M-7-59H7", paint.light.hex, 2)
    )


def soaps(paint: Paint, rng: Random) -> str:
    """A stack of soaps, tied with string."""
    palette = paint.palette
    bars = "".join(
        rect(-38 + inset, -22 * (index + 1), 76 - 2 * inset, 21, paint.two_tone(color, -0.05, 0.68), 7)
        for index, (color, inset) in enumerate(((palette.second, 0), (palette.accent, 3), (paint.light, 1)))
    )
    string = line("M0-66V0M0-66C-14-80-18-64 0-66 18-64 14-80 0-66", WOOD.lighter(-0.12).hex, 2.5)
    twig = path(
        nature.leaf(2, -67, 40, 30, 10) + nature.leaf(4, -67, 10, 26, 9), nature.leaf_color(paint).hex
    )
    return bars + twig + string


def stones(paint: Paint, rng: Random) -> str:
    """Balanced stones."""
    tones = [
        paint.fixture_color.toward(paint.palette.ground, 0.5),
        paint.palette.main,
        paint.palette.ground.lighter(0.08),
        paint.palette.accent,
    ]
    sizes = ((46, 15), (36, 13), (27, 11), (18, 9))
    y = 0.0
    stack = ""
    for (rx, ry), color in zip(sizes, tones, strict=True):
        stack += ellipse((rx % 5) - 2, y - ry, rx, ry, paint.round(color))
        y -= 2 * ry - 2
    return stack


def mist(paint: Paint, rng: Random) -> str:
    """A spray bottle and its mist."""
    glass = rng.choice((paint.palette.main, paint.palette.accent))
    drops = "M34-92h0M44-98h0M44-86h0M54-104h0M54-92h0M54-80h0"
    return (
        line(drops, paint.light.hex, 4.5, opacity=0.8)
        + rect(-12, -100, 32, 14, paint.light.lighter(-0.14).hex, 4)
        + rect(-10, -88, 20, 12, paint.light.lighter(-0.2).hex)
        + path(
            "M-10-76H10C24-70 24-64 24-58V-7Q24 0 17 0H-17Q-24 0-24-7V-58C-24-64-24-70-10-76Z",
            paint.round(glass),
        )
        + path("M-24-34H24V-7Q24 0 17 0H-17Q-24 0-24-7Z", glass.lighter(-0.08).hex, opacity=0.55)
        + circle(0, -42, 13, paint.light.hex)
        + _leaf_mark(paint, 0, -42)
    )


def bowl(paint: Paint, rng: Random) -> str:
    """A bowl with clay and a brush."""
    clay = paint.palette.accent
    return (
        line("M16-44L44-92", WOOD.hex, 6)
        + path("M14-58C22-50 24-40 10-34 0-42 4-52 14-58Z", paint.light.lighter(-0.12).hex)
        + path("M-44-42H44C42-14 24 0 0 0S-42-14-44-42Z", paint.round(paint.light.lighter(-0.04)))
        + ellipse(0, -42, 44, 8, clay.lighter(-0.05).hex)
        + path("M-36-43C-20-56-4-38 12-46 24-52 34-46 36-41 20-36-20-36-36-43Z", clay.lighter(0.07).hex)
    )


def jar_from_above(paint: Paint, rng: Random) -> str:
    """An open jar of cream from above."""
    cream = paint.light
    return (
        circle(0, 0, 40, paint.palette.main.hex)
        + circle(0, 0, 33, cream.lighter(-0.05).hex)
        + path(
            "M-22 4C-24-20 16-26 20-2 22 18-12 20-12 4-12-8 8-8 8 2 8 8 0 8-2 4",
            "none",
            stroke=cream.hex,
            stroke_width=7,
        )
    )


def slices(paint: Paint, rng: Random) -> str:
    """Slices of a fruit from above."""
    peel = rng.choice((Color(0.80, 0.15, 85), Color(0.75, 0.14, 125)))
    spokes = "M0-17V17M-15-8L15 8M-15 8L15-8"
    return "".join(
        group(
            circle(0, 0, 22, peel.hex)
            + circle(0, 0, 18.5, paint.light.hex)
            + circle(0, 0, 16.5, peel.lighter(0.07).hex)
            + line(spokes, paint.light.hex, 2),
            x,
            y,
            scale,
        )
        for x, y, scale in ((-14, -6, 1.1), (20, 12, 0.85))
    )


def flat_tube(paint: Paint, rng: Random) -> str:
    return group(tube(paint, rng), 0, 50)


def leaves(paint: Paint, rng: Random) -> str:
    """Twigs from above."""
    return group(nature.sprig(paint, rng, 84), -6, 40, 1, -12) + group(
        nature.sprig(paint, rng, 62), 4, 40, 1, 22
    )


def herbs(paint: Paint, rng: Random) -> str:
    """A bundle of herbs that hangs upside down."""
    return group(nature.sprig(paint, rng, 60), 0, 4, 1, 180) + rect(-6, 4, 12, 8, WOOD.hex, 2)


def brush(paint: Paint, rng: Random) -> str:
    """A brush that hangs from its handle."""
    return (
        rect(-5, 0, 10, 36, WOOD.hex, 5)
        + rect(-15, 34, 30, 30, paint.two_tone(WOOD.lighter(0.05)), 12)
        + line("M-10 66V70M-3 66V71M4 66V71M11 66V70", paint.light.hex, 4)
    )


STANDING = (dropper, jar, pump, tube, soaps, stones, mist, bowl)
LYING = (jar_from_above, leaves, flat_tube, slices)
HANGING = (herbs, brush, herbs, brush)
