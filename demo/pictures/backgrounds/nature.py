"""Plants, sky and hills of the pictures of every niche. Pure."""

from math import cos, radians, sin
from random import Random

from demo.pictures.paint import Paint
from interactions.pictures.colors import Color
from interactions.pictures.svg import circle, group, line, number, path, rect


def leaf_color(paint: Paint) -> Color:
    lightness = 0.62 if paint.palette.is_dark else 0.5
    return Color(lightness, 0.075, 150)


def leaf(x: float, y: float, angle: float, length: float, width: float) -> str:
    """The data of a leaf that begins at (x, y) and points to `angle`, in degrees from the right, counterclockwise."""
    along, across = (cos(radians(angle)), -sin(radians(angle))), (sin(radians(angle)), cos(radians(angle)))

    def corner(far: float, wide: float) -> str:
        return f"{number(far * along[0] + wide * across[0])} {number(far * along[1] + wide * across[1])}"

    near = corner(length * 0.45, width)
    return f"M{number(x)} {number(y)}q{near} {corner(length, 0)}q{corner(-length * 0.55, -width)} {corner(-length, 0)}"


def sprig(paint: Paint, rng: Random, height: float = 90) -> str:
    """A twig with pairs of leaves, which grows from (0, 0)."""
    color = leaf_color(paint)
    bend = rng.uniform(-14, 14)
    pairs = max(3, round(height / 16))
    left, right = "", ""
    for step in range(1, pairs + 1):
        share = step / pairs
        x, y, size = bend * share * share, -height * (0.12 + 0.88 * share), 27 - 11 * share
        left += leaf(x, y, 138 - 24 * share, size, size * 0.42)
        right += leaf(x, y, 42 + 24 * share, size, size * 0.42)
    stem = line(f"M0 0Q0 {number(-height / 2)} {number(bend)} {number(-height)}", color.lighter(-0.1).hex, 2)
    return stem + path(left, color.hex) + path(right, color.lighter(-0.06).hex)


def vase(paint: Paint, rng: Random) -> str:
    """Twigs in a vase that stands on (0, 0)."""
    color = rng.choice((paint.palette.accent, paint.palette.second, paint.light))
    twigs = group(sprig(paint, rng, 66), -2, -44, rotate=-14) + group(
        sprig(paint, rng, 74), 3, -44, rotate=12
    )
    return twigs + path(
        "M-8-54H8C5-42 22-34 20-14Q19 0 10 0H-10Q-19 0-20-14C-22-34-5-42-8-54Z", paint.round(color)
    )


def plant(paint: Paint, rng: Random) -> str:
    """A pot with large leaves that stands on (0, 0)."""
    green, pot = leaf_color(paint), rng.choice((paint.palette.second, paint.palette.accent))
    back = leaf(0, -36, 148, 50, 19) + leaf(0, -36, 32, 52, 19)
    middle = leaf(0, -36, 118, 60, 19) + leaf(0, -36, 60, 56, 18)
    return (
        path(back, green.lighter(-0.08).hex)
        + path(middle, green.hex)
        + path(leaf(0, -36, 88, 68, 19), green.lighter(0.06).hex)
        + line("M0-40L2-88M0-40L-22-76M0-40L22-74", green.lighter(-0.05).hex, 1.5)
        + path("M-22-38H22L17-3Q16 0 13 0H-13Q-16 0-17-3Z", paint.two_tone(pot))
        + rect(-25, -42, 50, 9, pot.lighter(-0.04).hex, 2)
    )


def sun(paint: Paint, x: float, y: float, r: float) -> str:
    light = paint.palette.glow.toward(Color(0.93, 0.10, 85), 0.4)
    return circle(x, y, r * 1.6, light.hex, opacity=0.35) + circle(x, y, r, light.lighter(0.03).hex)


def moon(paint: Paint, x: float, y: float, r: float) -> str:
    return circle(x, y, r * 1.7, paint.light.hex, opacity=0.12) + circle(x, y, r, paint.light.hex)


def cloud(paint: Paint, x: float, y: float, scale: float) -> str:
    return group(
        path(
            "M-30 10H30A11 11 0 0 0 28-9A18 18 0 0 0-5-18A14 14 0 0 0-27-9A10 10 0 0 0-30 10Z",
            paint.light.hex,
            opacity=0.6,
        ),
        x,
        y,
        scale,
    )


def stars(paint: Paint, rng: Random, count: int = 16, bottom: float = 150) -> str:
    dots = "".join(f"M{rng.randrange(12, 390)} {rng.randrange(10, int(bottom))}h0" for _ in range(count))
    return line(dots, paint.light.hex, 2.6, opacity=0.75)


def hills(paint: Paint, rng: Random, tops: tuple[float, ...]) -> str:
    """Rows of hills, the farthest first, the nearer the stronger in color."""
    palette = paint.palette
    rows = []
    for row, top in enumerate(tops):
        color = palette.ground.toward(palette.back, 0.72 * (1 - (row + 1) / len(tops)))
        left, peak, right = top + rng.uniform(-8, 18), rng.uniform(90, 310), top + rng.uniform(-8, 22)
        curve = f"M0 {number(left)}C{number(peak * 0.5)} {number(top - 34)} {number(peak * 0.8)} {number(top + 26)} {number(peak)} {number(top)}S{number(peak + 90)} {number(top + 30)} 400 {number(right)}V300H0Z"
        rows.append(path(curve, color.hex))
    return "".join(rows)


def mountains(paint: Paint, rng: Random, base: float) -> str:
    """Three peaks with snow, in the distance."""
    palette = paint.palette
    peaks = []
    for x, height in (
        (rng.randrange(60, 120), 96),
        (rng.randrange(290, 350), 84),
        (rng.randrange(180, 240), 128),
    ):
        color = palette.second.toward(palette.back, 0.55)
        slope = height * 0.95
        peaks.append(
            path(f"M{x} {number(base - height)}L{number(x + slope)} {base}H{number(x - slope)}Z", color.hex)
        )
        peaks.append(
            path(
                f"M{x} {number(base - height)}L{number(x + slope)} {base}H{x + 12}L{x - 7} {number(base - height * 0.5)}Z",
                color.lighter(-0.07).hex,
            )
        )
        peaks.append(
            path(
                f"M{x} {number(base - height)}l{number(slope * 0.3)} {number(height * 0.3)}l-12-5-13 8-13-8-{number(slope * 0.6 - 38)} 5Z",
                paint.light.hex,
            )
        )
    return "".join(peaks)
