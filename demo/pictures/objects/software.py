"""What stands, lies and hangs in the pictures of a maker of office software. Pure."""

from math import pi
from random import Random

from demo.pictures.paint import Paint
from interactions.pictures.colors import Color
from interactions.pictures.svg import circle, group, line, number, path, rect


def _screen(paint: Paint, rng: Random, width: float, height: float) -> str:
    """A board of cards, a chart or a list, of that size, with its left top at (0, 0)."""
    content = rng.choice((_board, _bars, _list))(paint, rng, width, height)
    title = path(f"M0 0H{width}V8H0Z", paint.palette.glow.lighter(-0.1).hex)
    return rect(0, 0, width, height, paint.light.hex, 2) + title + content


def _board(paint: Paint, rng: Random, width: float, height: float) -> str:
    colors = (paint.palette.second, paint.palette.accent, paint.print_color)
    w = (width - 16) / 3
    cards = ["", "", ""]
    for column, rows in enumerate((3, 2, 3)):
        for row in range(min(rows, int((height - 14) / 13))):
            cards[(column + row) % 3] += f"M{number(6 + column * (w + 4))} {18 + row * 13}h{number(w - 4)}"
    return "".join(
        line(data, color.hex, 9, stroke_linecap="square") for data, color in zip(cards, colors, strict=True)
    )


def _bars(paint: Paint, rng: Random, width: float, height: float) -> str:
    step, room = (width - 12) / 5, height - 22
    bars = [
        f"M{number(10 + step * index)} {number(height - 6)}v{number(-share * room)}"
        for index, share in enumerate((0.35, 0.55, 0.45, 0.95, 0.7))
    ]
    best = bars.pop(3)
    return line("".join(bars), paint.print_color.hex, step / 2, stroke_linecap="butt") + line(
        best, paint.palette.accent.hex, step / 2, stroke_linecap="butt"
    )


def _list(paint: Paint, rng: Random, width: float, height: float) -> str:
    rows = range(18, int(height) - 3, 11)
    dots = "".join(f"M10 {y}h0" for y in rows)
    texts = "".join(f"M18 {y}H{number(width - rng.randrange(10, 26))}" for y in rows)
    return line(dots, paint.palette.accent.hex, 6) + line(texts, paint.palette.second.hex, 3.5, opacity=0.55)


def laptop(paint: Paint, rng: Random) -> str:
    shell = paint.palette.second.lighter(0.05) if paint.palette.second.lightness < 0.5 else paint.palette.main
    return (
        rect(-44, -70, 88, 64, shell.hex, 5)
        + group(_screen(paint, rng, 78, 52), -39, -65)
        + path(
            "M-58-8H58L54-2Q52 0 49 0H-49Q-52 0-54-2Z", paint.two_tone(paint.light.lighter(-0.14), -0.06, 0.7)
        )
        + rect(-10, -8, 20, 3, paint.light.lighter(-0.26).hex)
    )


def monitor(paint: Paint, rng: Random) -> str:
    """A monitor on its stand."""
    shell = paint.palette.second if paint.palette.second.lightness < 0.5 else paint.palette.main
    return (
        path("M-10-32H10L14-4H-14Z", paint.light.lighter(-0.2).hex)
        + rect(-26, -6, 52, 6, paint.light.lighter(-0.14).hex, 3)
        + rect(-54, -102, 108, 74, shell.hex, 6)
        + group(_screen(paint, rng, 98, 62), -49, -97)
    )


def phone(paint: Paint, rng: Random) -> str:
    shell = rng.choice((paint.palette.main, paint.palette.second))
    return (
        path("M10-8L34 0H-6Z", shell.lighter(-0.12).hex)
        + rect(-24, -92, 48, 92, shell.hex, 8)
        + group(_screen(paint, rng, 40, 76), -20, -84)
        + line("M-6-4.5H6", paint.light.hex, 2)
    )


def calendar(paint: Paint, rng: Random) -> str:
    """A calendar that stands on a desk."""
    palette = paint.palette
    chosen = rng.randrange(4, 11)
    days = "".join(f"M{-28 + 15 * (day % 4)} {-43 + 14 * (day // 4)}h9" for day in range(12) if day != chosen)
    today = f"M{-28 + 15 * (chosen % 4)} {-43 + 14 * (chosen // 4)}h9"
    return (
        path("M36-76L50 0H40Z", palette.second.lighter(-0.1).hex)
        + path("M-38-78H38L42 0H-42Z", paint.light.hex)
        + path("M-38-78H38L39-57H-39Z", paint.print_color.hex)
        + line("M-20-84V-72M0-84V-72M20-84V-72", palette.second.hex, 4)
        + line(days, palette.glow.lighter(-0.09).hex, 9, stroke_linecap="butt")
        + line(today, palette.accent.hex, 10, stroke_linecap="butt")
    )


def bubbles(paint: Paint, rng: Random) -> str:
    """Two speech bubbles."""
    left, right = rng.sample((paint.palette.main, paint.palette.accent, paint.palette.second), 2)
    return (
        path(
            "M-44-96H14Q22-96 22-88V-60Q22-52 14-52H-26L-40-40V-52H-44Q-52-52-52-60V-88Q-52-96-44-96Z",
            paint.two_tone(left, -0.05, 0.8),
        )
        + line("M-38-81H8M-38-68H-8", paint.light.hex, 5)
        + path(
            "M-10-46H44Q52-46 52-38V-18Q52-10 44-10H40V2L26-10H-10Q-18-10-18-18V-38Q-18-46-10-46Z",
            paint.two_tone(right, -0.05, 0.8),
        )
        + line("M4-28h0M17-28h0M30-28h0", paint.light.hex, 7)
    )


def folder(paint: Paint, rng: Random) -> str:
    """A folder with sheets in it."""
    color = rng.choice((paint.palette.accent, paint.palette.main))
    return (
        path("M-46-66H-16L-8-58H42Q46-58 46-54V0H-46Z", color.lighter(-0.1).hex)
        + rect(-34, -84, 62, 60, paint.light.hex, 3)
        + line("M-24-72H14M-24-62H6", paint.palette.second.hex, 3.5, opacity=0.5)
        + rect(-26, -74, 62, 50, paint.light.lighter(-0.03).hex, 3, transform="rotate(5)")
        + path(
            "M-52-46H52Q56-46 55-42L48-4Q47 0 43 0H-43Q-47 0-48-4L-55-42Q-56-46-52-46Z",
            paint.two_tone(color, -0.05, 0.72),
        )
    )


def gears(paint: Paint, rng: Random) -> str:
    """Two wheels of a machine that fit."""
    large, small = rng.sample((paint.palette.main, paint.palette.accent, paint.palette.second), 2)
    return _gear(paint, large, -14, -37, 30) + _gear(paint, small, 32, -70, 19)


def _gear(paint: Paint, color: Color, x: float, y: float, r: float) -> str:
    dashes = f"{r * 0.42:.1f} {2 * pi * r / 8 - r * 0.42:.2f}"
    teeth = circle(
        0,
        0,
        r,
        "none",
        stroke=color.hex,
        stroke_width=r * 0.42,
        stroke_dasharray=dashes,
        stroke_linecap="butt",
    )
    return group(
        teeth + circle(0, 0, r, paint.two_tone(color, -0.06, 0.6)) + circle(0, 0, r * 0.42, paint.light.hex),
        x,
        y,
    )


def lamp(paint: Paint, rng: Random) -> str:
    """A desk lamp."""
    color = rng.choice((paint.palette.accent, paint.palette.second))
    return (
        line("M-12-4L-22-52 8-84", paint.fixture_color.hex, 5)
        + path("M-36 0C-36-10 12-10 12 0Z", color.lighter(-0.06).hex)
        + path("M-4-92L16-104 46-74 18-62Z", paint.two_tone(color))
        + path("M46-74L18-62C22-52 44-58 46-74Z", Color(0.95, 0.08, 90).hex)
        + circle(-22, -52, 4.5, color.hex)
    )


def card(paint: Paint, rng: Random) -> str:
    """A card with a list, from above."""
    palette = paint.palette
    rows = "".join(
        rect(-27, y - 5, 10, 10, (palette.accent if done else palette.glow.lighter(-0.08)).hex, 3)
        + (line(f"M-25 {y}l2.5 3 5-6", paint.light.hex, 2) if done else "")
        + line(f"M-10 {y}H{rng.randrange(12, 26)}", palette.second.hex, 4, opacity=0.5)
        for y, done in ((-26, True), (-8, True), (10, False), (28, False))
    )
    return (
        rect(-36, -46, 76, 94, paint.dark.hex, 8, opacity=0.12)
        + rect(-38, -48, 76, 94, paint.light.hex, 8)
        + rows
    )


def chart(paint: Paint, rng: Random) -> str:
    """A card with a pie chart, from above."""
    palette = paint.palette
    return (
        rect(-38, -38, 80, 80, paint.dark.hex, 8, opacity=0.12)
        + rect(-40, -40, 80, 80, paint.light.hex, 8)
        + circle(0, 0, 28, paint.print_color.hex)
        + path("M0 0V-28A28 28 0 0 1 26 10Z", palette.accent.hex)
        + path("M0 0L26 10A28 28 0 0 1-8 27Z", palette.second.hex)
        + circle(0, 0, 12, paint.light.hex)
    )


def keyboard(paint: Paint, rng: Random) -> str:
    """A small keyboard from above."""
    keys = "".join(f"M{-38 + 12.6 * column:.1f} {y}h3" for y in (-13, 0) for column in range(7))
    return (
        rect(-50, -24, 100, 50, paint.palette.second.hex, 8)
        + line(keys, paint.light.hex, 8.5)
        + line("M-38 13h3M38 13h0", paint.palette.accent.hex, 8.5)
        + line("M-22 13H26", paint.light.hex, 8.5)
    )


def notes(paint: Paint, rng: Random) -> str:
    """Two sticky notes, from above."""
    palette = paint.palette
    return group(
        path("M-24-24H24V14L14 24H-24Z", palette.accent.hex)
        + path("M24 14H14V24Z", palette.accent.lighter(-0.12).hex)
        + line("M-14-10H12M-14 2H6", paint.dark.hex, 3, opacity=0.4),
        -12,
        -8,
        rotate=-8,
    ) + group(
        path("M-20-20H20V20H-20Z", paint.print_color.lighter(0.06).hex)
        + line("M-10-6H10M-10 5H4", paint.light.hex, 3),
        20,
        18,
        rotate=10,
    )


def pinned(paint: Paint, rng: Random) -> str:
    """A note that hangs on a pin."""
    color = rng.choice((paint.palette.accent, paint.light, paint.palette.main.lighter(0.1)))
    return group(
        rect(-26, 4, 52, 52, color.hex, 2)
        + line("M-16 20H16M-16 31H10M-16 42H14", paint.dark.hex, 3, opacity=0.35)
        + circle(0, 6, 5, paint.palette.second.hex),
        rotate=rng.randrange(-5, 6),
    )


STANDING = (laptop, monitor, phone, calendar, bubbles, folder, gears, lamp)
LYING = (card, keyboard, chart, notes)
HANGING = (pinned, pinned, pinned, pinned)
