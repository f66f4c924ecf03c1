"""What stands, lies and hangs in the pictures of a restaurant. Pure."""

from random import Random

from demo.pictures.paint import Paint
from interactions.pictures.colors import Color
from interactions.pictures.svg import circle, ellipse, line, path, rect

WINE = Color(0.40, 0.12, 12)
CRUST = Color(0.68, 0.11, 62)
GREENS = Color(0.58, 0.11, 135)
TOMATO = Color(0.62, 0.18, 30)
WOOD = Color(0.58, 0.07, 60)


def cloche(paint: Paint, rng: Random) -> str:
    """A dish under a cover."""
    metal = paint.light.lighter(rng.choice((-0.08, -0.16)))
    return (
        path("M-52-10H52L44-2Q42 0 38 0H-38Q-42 0-44-2Z", metal.lighter(-0.12).hex)
        + path("M-42-10C-42-72 42-72 42-10Z", paint.round(metal))
        + path("M-32-16C-32-40-22-52-12-55-22-46-26-34-26-16Z", paint.light.hex, opacity=0.8)
        + circle(0, -61, 6, paint.palette.accent.hex)
        + rect(-54, -13, 108, 5, metal.lighter(-0.04).hex, 2.5)
    )


def pot(paint: Paint, rng: Random) -> str:
    """A stew pot with its lid ajar and steam."""
    enamel = rng.choice((paint.palette.main, paint.palette.second))
    return (
        line("M-9-76c-7-9 7-14 0-24M9-76c-7-9 7-14 0-24", paint.light.hex, 3.5, opacity=0.7)
        + line("M-36-40H-48V-32M36-40H48V-32", enamel.lighter(-0.08).hex, 7)
        + path("M-38-50H38V-10Q38 0 28 0H-28Q-38 0-38-10Z", paint.round(enamel))
        + rect(-42, -55, 84, 9, enamel.lighter(0.06).hex, 4.5)
        + path("M-34-56C-26-70 26-70 34-56Z", enamel.lighter(-0.05).hex)
        + circle(0, -69, 5, paint.palette.accent.hex)
    )


def wine(paint: Paint, rng: Random) -> str:
    """A bottle of wine and a glass."""
    glass = Color(0.36, 0.06, 145) if not paint.palette.is_dark else Color(0.52, 0.08, 140)
    return (
        path(
            "M-30-104H-18V-76C-10-68-8-62-8-54V-5Q-8 0-13 0H-35Q-40 0-40-5V-54C-40-62-38-68-30-76Z",
            paint.round(glass),
        )
        + rect(-31, -104, 14, 14, paint.palette.accent.hex, 2)
        + rect(-40, -48, 32, 28, paint.light.hex)
        + circle(-24, -36, 6, paint.palette.second.hex)
        + line("M22-26V-3M10-2H34", paint.light.hex, 4)
        + path("M6-64H38C40-40 32-26 22-26S4-40 6-64Z", paint.light.hex, opacity=0.55)
        + path("M6-50H38C37-36 30-29 22-29S7-36 6-50Z", WINE.hex)
    )


def loaf(paint: Paint, rng: Random) -> str:
    """A loaf on a board."""
    return (
        rect(-52, -9, 104, 9, WOOD.hex, 3)
        + circle(58, -4.5, 5, "none", stroke=WOOD.hex, stroke_width=4)
        + path("M-44-10C-52-54-22-58 0-58S52-54 44-10Z", paint.round(CRUST))
        + path(
            "M-26-30C-22-44-14-50-6-54L-2-50C-12-44-16-38-18-28ZM0-28C4-42 10-48 18-52L23-48C14-42 10-36 8-26Z",
            CRUST.lighter(0.17).hex,
        )
        + line("M-34-18h6M26-20h6M-6-14h5", CRUST.lighter(-0.1).hex, 2.5)
    )


def candle(paint: Paint, rng: Random) -> str:
    """A candle on a holder."""
    wax = paint.light
    return (
        circle(0, -96, 26, Color(0.93, 0.09, 88).hex, opacity=0.3)
        + path("M-28-8Q0 4 28-8L20 0H-20Z", paint.palette.accent.hex)
        + rect(-13, -20, 26, 13, paint.palette.accent.lighter(-0.07).hex, 3)
        + rect(-9, -84, 18, 66, paint.round(wax.lighter(-0.03)), 3)
        + path("M-9-82V-66Q-6-60-4-66V-80Z", wax.lighter(0.02).hex)
        + line("M0-84V-90", paint.dark.hex, 2)
        + path("M0-88C-8-94-4-100 0-108 4-100 8-94 0-88Z", Color(0.85, 0.15, 75).hex)
        + path("M0-89C-4-93-2-96 0-100 2-96 4-93 0-89Z", Color(0.96, 0.07, 95).hex)
    )


def mill(paint: Paint, rng: Random) -> str:
    """A pepper mill."""
    wood = rng.choice((WOOD, paint.palette.second))
    return (
        path(
            "M-18 0C-18-20-10-24-10-40-10-48-16-50-16-58H16C16-50 10-48 10-40 10-24 18-20 18 0Z",
            paint.round(wood),
        )
        + path("M-15-62C-18-80-8-84 0-84S18-80 15-62Z", paint.round(wood.lighter(0.03)))
        + rect(-17, -63, 34, 5, paint.light.lighter(-0.15).hex, 2)
        + circle(0, -89, 5.5, paint.light.lighter(-0.15).hex)
    )


def crate(paint: Paint, rng: Random) -> str:
    """A crate of vegetables."""
    carrot = Color(0.72, 0.16, 55)
    return (
        line("M-26-52L-34-78M-26-52L-24-82M-26-52L-16-76", GREENS.hex, 4)
        + path("M-36-46L-22-58-12-40-22-28Z", carrot.hex)
        + circle(30, -44, 16, paint.round(TOMATO))
        + path("M30-60l7 4-7 3-7-3Z", GREENS.lighter(-0.1).hex)
        + circle(4, -46, 21, GREENS.lighter(0.06).hex)
        + path("M-12-48C-4-70 14-70 20-48 10-42 4-58 4-38 2-54-6-42-12-48Z", GREENS.lighter(-0.03).hex)
        + rect(-48, -40, 96, 18, paint.two_tone(WOOD.lighter(0.08), -0.05, 0.8), 2)
        + rect(-48, -19, 96, 18, paint.two_tone(WOOD.lighter(0.05), -0.05, 0.8), 2)
        + rect(-50, -42, 9, 42, WOOD.lighter(-0.06).hex, 1)
        + rect(41, -42, 9, 42, WOOD.lighter(-0.1).hex, 1)
    )


def pie(paint: Paint, rng: Random) -> str:
    """A pie with a lattice crust on a stand."""
    filling = rng.choice((TOMATO, WINE, paint.palette.second))
    stand = paint.light.lighter(-0.05)
    return (
        path("M-7-34H7L12-6H-12Z", stand.lighter(-0.06).hex)
        + ellipse(0, -4, 26, 4.5, stand.lighter(-0.1).hex)
        + rect(-52, -38, 104, 7, stand.hex, 3.5)
        + path("M-44-56H44L36-38H-36Z", paint.two_tone(CRUST))
        + path("M-42-56C-32-80 32-80 42-56Z", filling.hex)
        + line(
            "M-30-57L-8-72M-12-57L10-73M8-57L26-68M30-57L8-72M12-57L-10-73M-8-57L-26-68",
            CRUST.lighter(0.06).hex,
            4,
        )
        + line("M-44-56H44", CRUST.lighter(0.1).hex, 7)
    )


def plate(paint: Paint, rng: Random) -> str:
    """A dish with vegetables from above."""
    rim = rng.choice((paint.light, paint.palette.accent))
    return (
        circle(0, 0, 46, rim.lighter(-0.06).hex)
        + circle(0, 0, 43, rim.hex)
        + circle(0, 0, 31, rim.lighter(-0.05).hex)
        + path("M-22 8C-26-16-4-26 12-18 26-10 24 14 8 20-6 24-20 20-22 8Z", CRUST.hex)
        + circle(-6, -6, 8, TOMATO.hex)
        + circle(8, 4, 7, TOMATO.lighter(0.05).hex)
        + path("M-14 14C-8 2 4 6 6 16-2 22-10 20-14 14Z", GREENS.hex)
        + path("M8-16C16-18 22-10 20-2 12-2 6-8 8-16Z", GREENS.lighter(0.08).hex)
    )


def soup(paint: Paint, rng: Random) -> str:
    """A bowl of soup from above."""
    bowl = rng.choice((paint.palette.main, paint.palette.second))
    return (
        circle(0, 0, 42, bowl.lighter(-0.05).hex)
        + circle(0, 0, 38, bowl.lighter(0.04).hex)
        + circle(0, 0, 32, Color(0.78, 0.13, 65).hex)
        + line("M-16-4C-10-18 14-18 16-2S-6 16-8 4 4-6 6 2", paint.light.hex, 4)
        + path("M-6 14C0 8 8 12 8 18 2 22-4 20-6 14Z", GREENS.hex)
    )


def cutlery(paint: Paint, rng: Random) -> str:
    """A fork and a knife, from above."""
    metal = paint.light.lighter(-0.17).hex
    return (
        line("M-12-6V46M-19-40V-18Q-19-8-12-8-5-8-5-18V-40M-12-40V-14", metal, 4)
        + path("M10-42C20-34 20-8 16 2H10Z", metal)
        + line("M12 2V46", metal, 5)
    )


def tomatoes(paint: Paint, rng: Random) -> str:
    """Tomatoes on the vine, from above."""
    return line("M-26-14C-10-4 10-4 28 12", GREENS.lighter(-0.08).hex, 3) + "".join(
        circle(x, y, r, TOMATO.hex)
        + circle(x - 4, y - 4, r * 0.3, TOMATO.lighter(0.14).hex)
        + line(f"M{x} {y}l5-4M{x} {y}l-4 5M{x} {y}l4 4", GREENS.lighter(-0.06).hex, 2.5)
        for x, y, r in ((-22, 2, 15), (4, 12, 16), (24, -8, 14))
    )


def ladle(paint: Paint, rng: Random) -> str:
    metal = paint.light.lighter(-0.15)
    return line("M0 2V50", metal.hex, 5) + path("M-17 46H17C17 74-17 74-17 46Z", paint.two_tone(metal))


def pan(paint: Paint, rng: Random) -> str:
    """A pan that hangs from its handle."""
    iron = paint.palette.main if paint.palette.main.lightness < 0.6 else paint.palette.second
    return (
        rect(-4, 0, 8, 34, WOOD.lighter(-0.08).hex, 4)
        + circle(0, 56, 25, iron.lighter(-0.06).hex)
        + circle(0, 56, 20, iron.lighter(0.04).hex)
    )


def whisk(paint: Paint, rng: Random) -> str:
    metal = paint.light.lighter(-0.15).hex
    return rect(-4, 0, 8, 30, paint.palette.accent.hex, 4) + line(
        "M0 28C-22 50-16 74 0 74S22 50 0 28C-8 50-6 72 0 74 6 72 8 50 0 28", metal, 2.5
    )


STANDING = (cloche, pot, wine, loaf, candle, mill, pie, crate)
LYING = (plate, cutlery, soup, tomatoes)
HANGING = (pan, ladle, whisk, pan)
