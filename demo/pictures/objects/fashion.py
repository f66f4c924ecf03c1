"""What stands, lies and hangs in the pictures of a fashion label. Pure."""

from random import Random

from demo.pictures.paint import Paint
from interactions.pictures.colors import Color
from interactions.pictures.svg import circle, group, line, path, rect

WOOD = Color(0.62, 0.07, 62)


def dress_form(paint: Paint, rng: Random) -> str:
    """A tailor's dummy with a wrap dress."""
    dress, sash = rng.sample((paint.palette.main, paint.palette.second, paint.palette.accent), 2)
    return (
        line("M0-30V-3M-20 0Q0-12 20 0", WOOD.lighter(-0.15).hex, 4)
        + path("M-6-104H6L5-94H-5Z", WOOD.hex)
        + path(
            "M-9-95Q0-90 9-95L24-88C20-76 17-70 16-58L32-16Q0-8-32-16L-16-58C-17-70-20-76-24-88Z",
            paint.two_tone(dress),
        )
        + line("M-9-95L10-60M9-95L-4-76", dress.lighter(-0.13).hex, 2)
        + path("M-16.5-62H16.5L17.5-54H-17.5Z", sash.hex)
        + path("M10-55L16-30 8-34Z", sash.lighter(-0.06).hex)
    )


def coat(paint: Paint, rng: Random) -> str:
    """A coat on a hanger that hangs on a stand."""
    cloth = rng.choice((paint.palette.main, paint.palette.second))
    return (
        line("M0-102V-2M-22 0H22M0-102C8-108 8-96 0-96", WOOD.lighter(-0.12).hex, 4)
        + path(
            "M-12-92Q0-84 12-92L30-84 40-42 29-39 23-62 27-14H-27L-23-62-29-39-40-42-30-84Z",
            paint.two_tone(cloth),
        )
        + path("M-12-92L0-60 12-92 16-80 2-52H-2L-16-80Z", cloth.lighter(0.08).hex)
        + line("M0-54V-14", cloth.lighter(-0.13).hex, 1.8)
        + circle(5, -44, 2.2, paint.light.hex)
        + circle(5, -32, 2.2, paint.light.hex)
        + rect(-21, -34, 12, 9, cloth.lighter(-0.1).hex, 1.5)
    )


def folded(paint: Paint, rng: Random) -> str:
    """A pile of folded knitwear."""
    colors = [paint.palette.main, paint.palette.second, paint.palette.accent, paint.light]
    rng.shuffle(colors)
    folds = line("M-28-8.5H20M-26-25.5H20M-29-42.5H20M-26-59.5H16", paint.dark.hex, 1.6, opacity=0.18)
    pile = "".join(
        rect(-37 + inset, -17 * (index + 1), 74 - 2 * inset, 16.5, paint.two_tone(color, -0.06, 0.72), 7)
        for index, (color, inset) in enumerate(zip(colors, (0, 3, 1, 4), strict=True))
    )
    return pile + folds


def sewing_machine(paint: Paint, rng: Random) -> str:
    body = rng.choice((paint.palette.main, paint.palette.accent))
    metal = paint.light.lighter(-0.14).hex
    return (
        line("M-26-58V-12", metal, 4)
        + path(
            "M-40-70H44Q50-70 50-64V-12H26V-46H-14V-28H-38V-60Q-46-60-46-66-46-70-40-70Z",
            paint.two_tone(body, -0.07, 0.66),
        )
        + rect(-50, -13, 104, 13, body.lighter(-0.09).hex, 4)
        + circle(52, -52, 10, metal)
        + circle(52, -52, 4, body.hex)
        + rect(2, -84, 14, 15, paint.palette.second.hex, 2)
        + rect(-1, -86, 20, 3, WOOD.hex, 1)
        + rect(-1, -71, 20, 3, WOOD.hex, 1)
        + path("M-36-13H-12V-8H-36Z", metal)
        + circle(34, -30, 5, body.lighter(0.12).hex)
    )


def spools(paint: Paint, rng: Random) -> str:
    """Three spools of thread, one on top of the others."""
    palette = paint.palette
    places = ((-20, 0, palette.main), (20, 0, palette.second), (0, -41, palette.accent))
    rims = "".join(f"M{x - 14} {y - 3}h28M{x - 14} {y - 37}h28" for x, y, _ in places)
    threads = "".join(rect(x - 13, y - 34, 26, 28, paint.round(color)) for x, y, color in places)
    turns = "".join(f"M{x - 13} {y - 27}h26m-26 7h26m-26 7h26" for x, y, _ in places)
    return threads + line(turns, paint.dark.hex, 1.5, opacity=0.16) + line(rims, WOOD.hex, 6)


def tote(paint: Paint, rng: Random) -> str:
    """A canvas bag with twigs in it."""
    cloth = paint.light
    print_color = rng.choice((paint.palette.second, paint.palette.accent))
    return (
        line("M-16-62C-16-98 16-98 16-62", cloth.lighter(-0.12).hex, 5)
        + path("M-34-64H34L30-4Q30 0 26 0H-26Q-30 0-30-4Z", paint.two_tone(cloth.lighter(-0.03), -0.06, 0.7))
        + circle(0, -34, 15, print_color.hex)
        + line("M0-24V-44M0-34L8-40M0-34L-8-40M0-28L7-32M0-28L-7-32", cloth.hex, 2)
    )


def boots(paint: Paint, rng: Random) -> str:
    leather = rng.choice((paint.palette.second, paint.palette.main))
    boot = (
        path("M-16-76H14V-30C30-26 38-18 38-6H-16Z", paint.two_tone(leather, -0.07, 0.5))
        + path("M-18-7H39V-1Q39 0 38 0H-18Z", leather.lighter(-0.17).hex)
        + rect(-17, -78, 32, 10, leather.lighter(0.08).hex, 3)
    )
    return group(boot, 10, -4, 0.96) + group(boot, -14, 0)


def jumper(paint: Paint, rng: Random) -> str:
    """A jumper that is spread out."""
    wool, stripe = rng.sample((paint.palette.main, paint.palette.second, paint.palette.accent), 2)
    return (
        path("M-14-38Q0-28 14-38L30-32 48 8 34 14 24-6V40H-24V-6L-34 14-48 8-30-32Z", wool.hex)
        + path("M-24 2H24V10H-24ZM-24 16H24V20H-24Z", stripe.hex)
        + line("M-14-38Q0-28 14-38", wool.lighter(-0.1).hex, 5)
        + line("M-23 38H23M-46 9L-36 13M46 9L36 13", wool.lighter(-0.08).hex, 5)
    )


def scissors(paint: Paint, rng: Random) -> str:
    metal, grip = paint.light.lighter(-0.15).hex, paint.palette.accent.hex
    return (
        path("M-4 20L10 66 4 68-8 24ZM4 20L-10 66-4 68 8 24Z", metal)
        + circle(-9, 10, 8.5, "none", stroke=grip, stroke_width=5)
        + circle(9, 10, 8.5, "none", stroke=grip, stroke_width=5)
        + circle(0, 27, 2.5, paint.dark.hex)
    )


def tape(paint: Paint, rng: Random) -> str:
    """A measuring tape that is rolled up, from above."""
    color = paint.palette.accent
    return (
        line("M0-22H52", color.hex, 13)
        + line("M14-27V-22M24-27V-19M34-27V-22M44-27V-19", paint.dark.hex, 1.6)
        + circle(0, 0, 28, color.lighter(-0.05).hex)
        + circle(0, 0, 28, "none", stroke=color.hex, stroke_width=3)
        + circle(0, 0, 19, "none", stroke=color.lighter(-0.12).hex, stroke_width=2)
        + circle(0, 0, 9, paint.light.hex)
    )


def buttons(paint: Paint, rng: Random) -> str:
    """Three buttons from above."""
    palette = paint.palette
    places = ((-16, -6, 14, palette.second), (14, -14, 11, palette.main), (10, 16, 16, WOOD))
    return "".join(
        circle(x, y, r, color.hex)
        + circle(x, y, r * 0.68, color.lighter(0.05).hex)
        + line(
            f"M{x - 3} {y - 3}h0M{x + 3} {y - 3}h0M{x - 3} {y + 3}h0M{x + 3} {y + 3}h0",
            color.lighter(-0.16).hex,
            3,
        )
        for x, y, r, color in places
    )


def hanger(paint: Paint, rng: Random) -> str:
    """A shirt on a hanger."""
    cloth = rng.choice((paint.palette.second, paint.palette.main, paint.light))
    return (
        line("M0 10C0 4 6 4 6-1A5 5 0 0 0-4-2", WOOD.lighter(-0.15).hex, 3)
        + path("M-8 9Q0 16 8 9L26 16 34 36 25 40 20 32V74H-20V32L-25 40-34 36-26 16Z", paint.two_tone(cloth))
        + line("M0 16V72", cloth.lighter(-0.1).hex, 1.5)
    )


STANDING = (dress_form, coat, folded, sewing_machine, spools, tote, boots)
LYING = (jumper, tape, buttons, scissors)
HANGING = (scissors, hanger, scissors, hanger)
