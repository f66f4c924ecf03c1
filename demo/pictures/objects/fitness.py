"""What stands, lies and hangs in the pictures of a fitness studio. Pure."""

from random import Random

from demo.pictures.paint import Paint
from interactions.pictures.colors import Color
from interactions.pictures.svg import circle, ellipse, group, line, path, rect


def kettlebell(paint: Paint, rng: Random) -> str:
    iron = rng.choice((paint.palette.main, paint.palette.second))
    return (
        line("M-17-50C-30-92 30-92 17-50", iron.lighter(-0.05).hex, 11)
        + path("M-18 0C-48-14-36-62 0-62S48-14 18 0Z", paint.round(iron))
        + circle(0, -30, 14, paint.light.hex, opacity=0.9)
        + path("M-6-30A6 6 0 1 1 6-30 6 6 0 1 1-6-30Z", iron.hex)
    )


def dumbbells(paint: Paint, rng: Random) -> str:
    """A pair of dumbbells, one behind the other."""
    color = rng.choice((paint.palette.second, paint.palette.accent))
    return group(_dumbbell(paint, color.lighter(-0.08)), 8, -27) + group(_dumbbell(paint, color), -4, 0)


def _dumbbell(paint: Paint, color: Color) -> str:
    return (
        rect(-24, -20, 48, 8, paint.light.lighter(-0.2).hex)
        + rect(-44, -32, 26, 32, paint.two_tone(color), 7)
        + rect(18, -32, 26, 32, paint.two_tone(color), 7)
        + rect(-48, -25, 6, 18, color.lighter(-0.12).hex, 3)
        + rect(42, -25, 6, 18, color.lighter(-0.16).hex, 3)
    )


def bottle(paint: Paint, rng: Random) -> str:
    """A bottle of water."""
    plastic = rng.choice((paint.palette.accent, paint.palette.second))
    return (
        line("M-8-92C-8-104 8-104 8-92", paint.fixture_color.hex, 4)
        + rect(-11, -92, 22, 13, paint.fixture_color.hex, 3)
        + path(
            "M-12-79H12C22-74 22-68 22-62V-8Q22 0 14 0H-14Q-22 0-22-8V-62C-22-68-22-74-12-79Z",
            paint.round(plastic),
        )
        + path("M-22-46H22V-22H-22Z", paint.light.hex, opacity=0.85)
        + path("M-3-43L-9-32H-2L-5-25 7-36H1L5-43Z", paint.palette.main.hex)
    )


def mat(paint: Paint, rng: Random) -> str:
    """A rolled mat that stands upright."""
    foam = rng.choice((paint.palette.accent, paint.palette.main, paint.palette.second))
    edge = foam.lighter(0.1)
    return (
        path("M-22-92V-5A22 5 0 0 0 22-5V-92Z", paint.round(foam))
        + ellipse(0, -92, 22, 6.5, edge.hex)
        + line(
            "M16-92C16-96-15-97-15-92-15-88 9-88 9-92 9-95-7-95-7-92-7-90 1-90 1-92",
            foam.lighter(-0.1).hex,
            1.8,
        )
        + rect(-23, -70, 46, 7, paint.light.hex)
        + rect(-23, -28, 46, 7, paint.light.lighter(-0.04).hex)
    )


def ball(paint: Paint, rng: Random) -> str:
    """An exercise ball."""
    rubber = rng.choice((paint.palette.second, paint.palette.main, paint.palette.accent))
    return (
        circle(0, -42, 42, paint.round(rubber))
        + line(
            "M-40-54Q0-40 40-54M-41-32Q0-18 41-32M-32-68Q0-58 32-68M-30-13Q0-3 30-13",
            rubber.lighter(-0.08).hex,
            2,
        )
        + path("M-26-66C-20-74-12-77-6-77-16-72-21-66-24-60Z", paint.light.hex, opacity=0.6)
    )


def trainer(paint: Paint, rng: Random) -> str:
    """A running shoe."""
    upper, flash = rng.sample((paint.palette.main, paint.palette.second, paint.palette.accent), 2)
    return (
        path(
            "M-46-12C-50-40-46-52-42-56-36-48-22-46-16-58-4-44 12-34 34-30 48-27 52-20 52-10Z",
            paint.two_tone(upper, -0.07, 0.55),
        )
        + path("M-47-14C-28-26-6-12 14-34L24-32C14-14-8-4-47-8Z", flash.hex)
        + line("M-8-44L-1-51M0-38L8-45M9-34L16-40", paint.light.hex, 3.5)
        + path("M-49-13C-20-9 20-9 53-12 56-4 52 0 46 0H-42Q-50 0-49-13Z", paint.light.hex)
        + line("M-47-3.5H50", paint.light.lighter(-0.16).hex, 3)
    )


def glove(paint: Paint, rng: Random) -> str:
    """A boxing glove that stands on its cuff."""
    leather = rng.choice((paint.palette.second, paint.palette.main))
    return (
        path("M-22-24C-36-34-38-54-32-68-28-92 22-96 28-66 30-50 26-36 20-24Z", paint.round(leather))
        + path("M-28-58C-42-62-44-36-26-30-16-28-12-40-16-50Z", leather.lighter(0.05).hex)
        + line("M-26-56C-18-54-14-42-22-32", leather.lighter(-0.1).hex, 2)
        + path("M-23-26H21L24 0H-26Z", paint.light.hex)
        + path("M-25-12H23V-4H-26Z", paint.palette.accent.hex)
    )


def barbell(paint: Paint, rng: Random) -> str:
    """A barbell on its discs, seen from the side."""
    outer, inner = paint.palette.second, paint.palette.main
    return rect(-56, -38, 112, 6, paint.light.lighter(-0.2).hex, 3) + "".join(
        rect(x, -35 - h / 2, 11, h, paint.two_tone(color), 4)
        for x, h, color in ((-46, 70, outer), (-34, 52, inner), (35, 70, outer), (23, 52, inner))
    )


def rope(paint: Paint, rng: Random) -> str:
    """A skipping rope."""
    cord, grip = paint.palette.accent.hex, paint.palette.main
    return (
        line("M-10 30C-30 64-8 76 0 60S30 64 10 30", cord, 4)
        + rect(-15, 0, 10, 32, paint.two_tone(grip), 5)
        + rect(5, 0, 10, 32, paint.two_tone(grip), 5)
    )


def towel(paint: Paint, rng: Random) -> str:
    """A towel on a hook."""
    cloth = rng.choice((paint.light, paint.palette.second))
    return path(
        "M-4 0C-14 8-22 12-20 24L-16 74H16L20 24C22 12 14 8 4 0Z", paint.two_tone(cloth, -0.06, 0.55)
    ) + line("M-17 58H17M-17 64H17", paint.palette.accent.hex, 3)


def flat_dumbbell(paint: Paint, rng: Random) -> str:
    return group(_dumbbell(paint, paint.palette.second), 0, 16)


def flat_mat(paint: Paint, rng: Random) -> str:
    """A mat that is half rolled, from above."""
    foam = paint.palette.accent
    return (
        rect(-26, -50, 52, 92, foam.hex, 3)
        + line("M-18-40V30", foam.lighter(-0.06).hex, 2)
        + rect(-29, 32, 58, 18, paint.fade(foam.lighter(0.07), foam.lighter(-0.12)), 8)
    )


def plan(paint: Paint, rng: Random) -> str:
    """A training plan on a clipboard."""
    ticks = "".join(
        line(f"M-19 {y}l4 5 8-9", paint.palette.second.hex, 3)
        + line(f"M0 {y}H{rng.randrange(10, 20)}", paint.dark.hex, 3, opacity=0.4)
        for y in (-16, 4, 24)
    )
    return (
        rect(-32, -46, 64, 92, paint.palette.main.hex, 6)
        + rect(-26, -36, 52, 76, paint.light.hex, 2)
        + rect(-13, -52, 26, 14, paint.light.lighter(-0.22).hex, 4)
        + ticks
    )


STANDING = (kettlebell, dumbbells, bottle, mat, ball, trainer, glove)
LYING = (flat_mat, flat_dumbbell, plan, rope)
HANGING = (rope, towel, towel, rope)
