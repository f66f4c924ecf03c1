"""What stands in the pictures of a coffee roaster. Each stands on (0, 0) and is up to 100 units high. Pure."""

from random import Random

from demo.pictures.paint import Paint
from interactions.pictures.colors import Color
from interactions.pictures.svg import circle, ellipse, group, line, path, rect

COFFEE = Color(0.33, 0.05, 45)


def steam(paint: Paint, height: float = 26) -> str:
    """Two wisps that rise from (0, 0)."""
    wisps = "M-8 0c-7-9 7-14 0-24M8 0c-7-9 7-14 0-24"
    return line(wisps, paint.light.hex, 3.5, opacity=0.75) if height else ""


def cup(paint: Paint, rng: Random) -> str:
    body = rng.choice((paint.palette.main, paint.palette.second))
    return (
        ellipse(0, -3, 46, 6, body.lighter(-0.12).hex)
        + ellipse(0, -5, 44, 5.5, body.lighter(0.03).hex)
        + line("M30-44c24-6 24 26-2 24", body.lighter(-0.04).hex, 6.5)
        + path("M-34-54H34C34-22 24-5 0-5S-34-22-34-54Z", paint.round(body))
        + ellipse(0, -54, 34, 6, body.lighter(0.05).hex)
        + ellipse(0, -53.4, 29.5, 4.3, COFFEE.hex)
        + group(steam(paint), 0, -62)
    )


def mug(paint: Paint, rng: Random) -> str:
    body = rng.choice((paint.palette.second, paint.palette.accent))
    return (
        line("M26-50c26-4 26 34 0 32", body.lighter(-0.06).hex, 7)
        + path("M-28-62H28V-8Q28 0 20 0H-20Q-28 0-28-8Z", paint.round(body))
        + path("M-28-34H28V-20H-28Z", paint.light.hex, opacity=0.55)
        + ellipse(0, -62, 28, 5.5, body.lighter(0.05).hex)
        + ellipse(0, -61.4, 24, 3.9, COFFEE.hex)
        + group(steam(paint), 0, -70)
    )


def bag(paint: Paint, rng: Random) -> str:
    body, label = rng.sample((paint.palette.main, paint.palette.second, paint.palette.accent), 2)
    return (
        path("M-30-88L-33-6Q-33 0-27 0H27Q33 0 33-6L30-88Z", paint.two_tone(body))
        + path("M-31-98H31V-84H-31Z", body.lighter(-0.1).hex)
        + line("M-31-84H31", body.lighter(-0.16).hex, 1.5)
        + rect(-20, -66, 40, 44, paint.light.hex, 3)
        + circle(0, -50, 10, label.hex)
        + line("M-3-57c8 4-2 8 5 14", paint.light.hex, 2)
        + line("M-11-33H11M-7-28H7", paint.dark.hex, 2, opacity=0.45)
        + circle(20, -76, 2.4, body.lighter(-0.16).hex)
    )


def dripper(paint: Paint, rng: Random) -> str:
    """A filter holder on a glass carafe."""
    cone = rng.choice((paint.palette.accent, paint.palette.second))
    glass = paint.light.hex
    return (
        path("M-13-52H13L31-8Q32 0 24 0H-24Q-32 0-31-8Z", glass, opacity=0.5)
        + path("M-22-28H22L30-8Q31-2 24-2H-24Q-31-2-30-8Z", COFFEE.hex, opacity=0.9)
        + line("M17-44c24-4 24 26 8 28", glass, 4.5, opacity=0.75)
        + rect(-17, -57, 34, 6, paint.palette.main.lighter(-0.05).hex, 3)
        + path("M-34-92H34L11-57H-11Z", paint.two_tone(cone))
        + path("M-30-92H30L24-98H-24Z", paint.light.hex)
        + ellipse(0, -92, 34, 3.5, cone.lighter(0.08).hex)
        + ellipse(0, -92, 27, 2.5, COFFEE.hex)
    )


def kettle(paint: Paint, rng: Random) -> str:
    """A kettle with a long thin spout."""
    body = rng.choice((paint.palette.main, paint.palette.accent))
    return (
        line("M24-22C44-24 38-62 56-66", body.lighter(-0.05).hex, 5.5)
        + line("M-24-60C-56-64-54-8-28-12", paint.fixture_color.hex, 6.5)
        + path("M-24-62H24L32-6Q32 0 26 0H-26Q-32 0-32-6Z", paint.round(body))
        + path("M-22-62Q0-76 22-62Z", body.lighter(-0.06).hex)
        + circle(0, -72, 4.5, paint.fixture_color.hex)
    )


def grinder(paint: Paint, rng: Random) -> str:
    """A hand mill with a drawer."""
    wood = rng.choice((paint.palette.second, paint.palette.main))
    metal = paint.light.lighter(-0.1).hex
    return (
        line("M0-72V-92H30", metal, 4)
        + circle(31, -95, 5.5, paint.palette.accent.hex)
        + path("M-22-50C-22-76 22-76 22-50Z", metal)
        + path("M-26-52H26V-46H-26Z", paint.dark.lighter(0.12).hex)
        + path("M-24-46H24L28 0H-28Z", paint.two_tone(wood))
        + rect(-15, -30, 30, 18, wood.lighter(-0.1).hex, 2)
        + circle(0, -21, 3, metal)
    )


def moka(paint: Paint, rng: Random) -> str:
    """An octagonal stove-top pot."""
    body = paint.light.lighter(rng.choice((-0.1, -0.18)))
    knob = paint.palette.accent.hex
    return (
        line("M20-74C44-76 42-40 36-36", paint.fixture_color.hex, 7)
        + path("M-17-44H17L26 0H-26Z", paint.two_tone(body.lighter(-0.03), -0.1, 0.55))
        + path("M-15-44H15L23-82H-20L-30-78Z", paint.two_tone(body, -0.1, 0.55))
        + rect(-18, -47, 36, 6, body.lighter(-0.18).hex, 1)
        + path("M-20-82H23L2-92H-2Z", body.lighter(0.04).hex)
        + circle(0, -94, 4, knob)
    )


def beans(paint: Paint, rng: Random) -> str:
    """A few beans from above."""
    places = ((-16, 6, 20), (6, -10, 80), (20, 12, 140))
    return "".join(group(_bean(rng), x, y, rotate=turn + rng.randrange(30)) for x, y, turn in places)


def _bean(rng: Random) -> str:
    color = COFFEE.lighter(rng.choice((0.0, 0.06, 0.1)))
    return ellipse(0, 0, 11, 8, color.hex) + line("M-10-1C-4 3 4-4 10 1", color.lighter(-0.1).hex, 1.8)


def cup_from_above(paint: Paint, rng: Random) -> str:
    """A cup of milky coffee from above."""
    body = rng.choice((paint.palette.main, paint.light))
    return (
        circle(0, 0, 46, body.lighter(-0.07).hex)
        + circle(0, 0, 41, body.lighter(-0.02).hex)
        + rect(28, -6, 24, 12, body.hex, 6)
        + circle(0, 0, 32, body.hex)
        + circle(0, 0, 27, COFFEE.lighter(0.12).hex)
        + path("M0 18C-22 4-18-14-7-14-2-14 0-9 0-6 0-9 2-14 7-14 18-14 22 4 0 18Z", paint.light.hex)
        + line("M0 8C-10 0-9-7-5-7-2-7 0-3 0 0 0-3 2-7 5-7 9-7 10 0 0 8", COFFEE.lighter(0.18).hex, 1.5)
    )


def croissant(paint: Paint, rng: Random) -> str:
    """A croissant on a plate, from above."""
    crust = Color(0.70, 0.12, 65)
    return (
        circle(0, 0, 44, paint.palette.accent.lighter(-0.05).hex)
        + circle(0, 0, 40, paint.palette.accent.hex)
        + circle(0, 0, 28, paint.palette.accent.lighter(0.05).hex)
        + path("M-34 12C-40-22 40-22 34 12 28 20 24 10 14 4 4-2-4-2-14 4-24 10-28 20-34 12Z", crust.hex)
        + line("M-22-9L-18 6M-8-14L-6 0M8-14L6 0M22-9L18 6", crust.lighter(-0.13).hex, 3)
    )


def spoon(paint: Paint, rng: Random) -> str:
    """A scoop for coffee that hangs or lies."""
    metal = paint.light.lighter(-0.14)
    return (
        line("M0 4V44", metal.hex, 6) + ellipse(0, 58, 14, 17, metal.hex) + ellipse(0, 58, 10, 13, COFFEE.hex)
    )


def tamper(paint: Paint, rng: Random) -> str:
    """A tamper that hangs from its handle."""
    metal = paint.light.lighter(-0.16)
    return path("M-8 2H8L5 36H-5Z", paint.two_tone(paint.palette.second)) + rect(
        -18, 36, 36, 16, paint.round(metal), 3
    )


def filter_holder(paint: Paint, rng: Random) -> str:
    """The filter holder of an espresso machine that hangs from its handle."""
    metal = paint.light.lighter(-0.14)
    return (
        path("M-6 0H6L4 40H-4Z", paint.fixture_color.hex)
        + circle(0, 54, 18, metal.hex)
        + circle(0, 54, 13, COFFEE.hex)
    )


STANDING = (cup, mug, bag, dripper, kettle, grinder, moka)
LYING = (cup_from_above, beans, croissant, spoon)
HANGING = (spoon, tamper, filter_holder)
