"""Garlands, confetti and balloons of the pictures of every niche. Pure."""

from math import cos, pi, sin
from random import Random

from demo.pictures.backgrounds.rooms import WIDTH
from demo.pictures.paint import Paint
from interactions.pictures.colors import Color
from interactions.pictures.svg import ellipse, group, line, number, path


def bunting(paint: Paint, y: float, sag: float, flags: int = 9, shift: int = 0) -> str:
    """A garland of pennants across the picture."""
    palette = paint.palette
    colors = (palette.accent, palette.second, paint.light, palette.main)
    pennants = ["", "", "", ""]
    for index in range(flags):
        x = (index + 0.5) / flags * WIDTH
        left, right = (y + sag * 4 * (at / WIDTH) * (1 - at / WIDTH) for at in (x - 13, x + 13))
        tip = f"{round(x - (right - left))} {round((left + right) / 2 + 27)}"
        pennants[(index + shift) % 4] += (
            f"M{round(x - 13)} {round(left)}L{round(x + 13)} {round(right)} {tip}Z"
        )
    cord = line(
        f"M0 {number(y)}Q200 {number(y + 2 * sag)} 400 {number(y)}", paint.fixture_color.hex, 1.5, opacity=0.6
    )
    return cord + "".join(path(data, color.hex) for data, color in zip(pennants, colors, strict=True))


def string_lights(paint: Paint, y: float, sag: float, bulbs: int = 9) -> str:
    """A cord with glowing bulbs across the picture."""
    bulb, cord = Color(0.93, 0.09, 88), paint.fixture_color
    points = ""
    for index in range(bulbs):
        share = (index + 0.5) / bulbs
        x, hang = share * WIDTH, y + sag * 4 * share * (1 - share)
        points += f"M{round(x)} {round(hang + 8)}h0"
    curve = line(f"M0 {number(y)}Q200 {number(y + 2 * sag)} 400 {number(y)}", cord.hex, 1.6)
    return line(points, bulb.hex, 34, opacity=0.16) + curve + line(points, bulb.hex, 11)


def confetti(paint: Paint, rng: Random, count: int, top: float, bottom: float) -> str:
    """Scraps of paper in four colors."""
    palette = paint.palette
    scraps = dict.fromkeys((palette.accent, palette.second, paint.light, palette.main), "")
    for color in scraps:
        for _ in range(count // 4):
            angle = rng.uniform(0, pi)
            x, y = rng.randrange(8, 392), rng.randrange(int(top), int(bottom))
            scraps[color] += f"M{x} {y}l{round(6 * cos(angle))} {round(6 * sin(angle))}"
    return "".join(line(data, color.hex, 3.6) for color, data in scraps.items())


def balloon(paint: Paint, color: Color, x: float, y: float, scale: float = 1) -> str:
    string = line("M0 34C8 56-8 68 2 96", paint.dark.hex, 1.2, opacity=0.5)
    return group(
        string
        + ellipse(0, 0, 25, 31, paint.round(color))
        + path("M-4 35L0 29 4 35Z", color.lighter(-0.08).hex)
        + ellipse(-9, -11, 4, 7, paint.light.hex, opacity=0.5),
        x,
        y,
        scale,
    )
