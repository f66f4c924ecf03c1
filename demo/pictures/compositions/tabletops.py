"""Compositions of paper and things on a table. Pure."""

from random import Random

from demo.pictures.backgrounds import nature, people, rooms
from demo.pictures.backgrounds.rooms import HEIGHT, WIDTH, standing
from demo.pictures.composition_types import NicheObjects
from demo.pictures.paint import Paint
from interactions.pictures.colors import Color
from interactions.pictures.svg import circle, ellipse, group, line, path, rect


def photos(paint: Paint, rng: Random, objects: NicheObjects) -> str:
    """Three instant photographs on a table."""
    palette = paint.palette
    first = nature.sun(paint, 76, 30, 13) + path(
        "M0 104L34 52 62 84 86 58 120 104V110H0Z", palette.ground.hex
    )
    pictures = (
        (84, 118, -9, 0.9, palette.glow, first + group(objects.standing_at(1)(paint, rng), 60, 106, 0.5)),
        (318, 112, 8, 0.9, palette.second.toward(palette.glow, 0.5), group(people.person(paint, rng, palette.main), 60, 112, 0.72)),
        (204, 146, rng.choice((-3, 3)), 1.18, palette.back.toward(palette.glow, 0.8), circle(60, 56, 40, palette.accent.hex, opacity=0.5) + group(objects.standing_at(0)(paint, rng), 60, 98, 0.8)),
    )  # fmt: skip
    cards = "".join(
        group(_photo(paint, back, inside), x, y, scale, turn) for x, y, turn, scale, back, inside in pictures
    )
    return (
        rect(0, 0, WIDTH, HEIGHT, paint.fade(palette.ground.lighter(0.03), palette.ground.lighter(-0.03)))
        + line("M0 74H400M0 150H400M0 226H400", palette.ground.lighter(-0.06).hex, 2)
        + cards
        + group(nature.sprig(paint, rng, 96), 24, 304, 1.1, 38)
        + group(nature.sprig(paint, rng, 80), 384, 300, 1, -40)
    )


def _photo(paint: Paint, back: Color, inside: str) -> str:
    """An instant photograph around (0, 0) with a picture of 120 by 110."""
    return (
        rect(-66, -68, 140, 154, paint.dark.hex, 3, opacity=0.2)
        + rect(-70, -74, 140, 154, paint.light.hex, 3)
        + rect(-60, -64, 120, 110, back.hex)
        + group(inside, -60, -64)
        + rect(-20, -82, 40, 15, paint.palette.accent.hex, opacity=0.55)
    )


def letter(paint: Paint, rng: Random, objects: NicheObjects) -> str:
    """A letter that comes out of its envelope, and the object it is about."""
    palette = paint.palette
    paper = paint.light.hex
    envelope = palette.second.toward(palette.glow, 0.3)
    sheet = (
        rect(-62, -118, 124, 130, paper, 4)
        + line("M-44-66H40M-44-50H30M-44-34H44M-44-18H16", paint.print_color.hex, 3.4, opacity=0.5)
        + path(
            "M0-84C-16-94-13-106-6-106-2-106 0-102 0-100 0-102 2-106 6-106 13-106 16-94 0-84Z",
            palette.accent.hex,
        )
    )
    return (
        rooms.sky(paint)
        + circle(150, 130, 104, palette.glow.hex, opacity=0.6)
        + rooms.floor(paint, 236)
        + ellipse(150, 262, 104, 9, paint.dark.hex, opacity=0.18)
        + path("M58 170L150 106 242 170Z", envelope.lighter(-0.12).hex)
        + group(sheet, 150, 192, 1, rng.choice((-3, 2, 4)))
        + path("M58 168L150 226 242 168V256Q242 262 236 262H64Q58 262 58 256Z", envelope.hex)
        + path(
            "M58 256L136 206 150 216 164 206 242 256Q242 262 236 262H64Q58 262 58 256Z",
            envelope.lighter(-0.06).hex,
        )
        + standing(paint, objects.standing_at(0)(paint, rng), 308, 264, 1.3)
        + group(nature.sprig(paint, rng, 84), 32, 268, 1, -8)
    )


def notebook(paint: Paint, rng: Random, objects: NicheObjects) -> str:
    """An open notebook with a drawing, from above."""
    palette = paint.palette
    page = paint.light
    lines = "".join(f"M224 {y}H{rng.randrange(288, 330)}" for y in range(150, 226, 15))
    bars = "".join(
        rect(226 + 24 * index, 128 - height, 15, height, color.hex, 2)
        for index, (height, color) in enumerate(
            zip(
                rng.sample((22, 34, 46, 58), 4),
                (palette.second, palette.accent, paint.print_color.toward(page, 0.2), palette.ground),
                strict=True,
            )
        )
    )
    return (
        rect(0, 0, WIDTH, HEIGHT, paint.fade(palette.ground.lighter(0.03), palette.ground.lighter(-0.03)))
        + group(
            rect(46, 52, 316, 206, paint.dark.hex, 8, opacity=0.18)
            + rect(40, 44, 320, 206, palette.second.lighter(-0.06).hex, 9)
            + path("M50 52H192Q200 52 200 58V244Q200 240 192 240H50Z", page.lighter(-0.02).hex)
            + path("M350 52H208Q200 52 200 58V244Q200 240 208 240H350Z", page.hex)
            + circle(124, 132, 58, palette.glow.toward(palette.accent, 0.3).hex)
            + group(objects.standing_at(0)(paint, rng), 124, 186, 1.08)
            + line("M84 212H164M98 225H150", paint.print_color.hex, 3, opacity=0.4)
            + bars
            + line("M222 128H332", paint.print_color.hex, 2, opacity=0.5)
            + line(lines, paint.print_color.hex, 3, opacity=0.4),
            0, 2, 1, rng.choice((-2, 0, 2)),
        )
        + group(_pencil(paint), 344, 268, 1, -34)
        + group(nature.sprig(paint, rng, 90), 20, 300, 1, 30)
    )  # fmt: skip


def _pencil(paint: Paint) -> str:
    body = paint.palette.accent
    return (
        path("M0-110L8-96V6Q8 14 0 14-8 14-8 6V-96Z", paint.two_tone(body))
        + path("M0-110L8-96H-8Z", paint.light.lighter(-0.1).hex)
        + path("M0-110L3-105H-3Z", paint.dark.hex)
        + rect(-8, -2, 16, 5, paint.light.lighter(-0.2).hex)
    )


def from_above(paint: Paint, rng: Random, objects: NicheObjects) -> str:
    """Objects on a cloth, seen from above."""
    palette = paint.palette
    cloth = palette.glow.toward(paint.light, 0.3)
    places = [
        (196, 148, -8, 1.35),
        (80, 84, -18, 1.05),
        (322, 92, 16, 1.05),
        (84, 222, 12, 1.0),
        (318, 222, -14, 1.05),
    ]
    things = "".join(
        group(objects.lying_at(index)(paint, rng), x, y, scale, turn + rng.randrange(-8, 9))
        for index, (x, y, turn, scale) in enumerate(places)
    )
    sheet = "M-160-116H160L168 124H-150Z"
    return (
        rect(0, 0, WIDTH, HEIGHT, paint.fade(palette.back, palette.back.lighter(-0.04)))
        + group(
            path(sheet, paint.dark.hex, opacity=0.12, transform="translate(5 7)")
            + path(sheet, cloth.hex)
            + line("M-144-104V112M-134-104V112M144-104V112M154-104V112", palette.second.hex, 2.5, opacity=0.4),
            200, 150, 1.06, rng.choice((-5, 4, 7)),
        )
        + group(nature.sprig(paint, rng, 76), 196, 318, 1, 6)
        + things
    )  # fmt: skip
