"""Compositions that show objects side by side or one above all. Pure."""

from random import Random

from demo.pictures.backgrounds import nature, rooms
from demo.pictures.backgrounds.rooms import HEIGHT, WIDTH, standing
from demo.pictures.composition_types import NicheObjects
from demo.pictures.paint import Paint
from interactions.pictures.svg import circle, ellipse, group, number, path, rect


def pedestal(paint: Paint, rng: Random, objects: NicheObjects) -> str:
    """One object on a round plinth in front of an arch, a second one on a lower plinth."""
    palette = paint.palette
    arch = path(
        "M112 240V132a88 88 0 0 1 176 0V240Z",
        paint.fade(palette.glow.lighter(0.02), palette.glow.toward(palette.back, 0.6)),
    )
    return (
        rooms.sky(paint)
        + rooms.window_light(paint, rng)
        + arch
        + rooms.floor(paint, 232)
        + standing(paint, nature.vase(paint, rng), 84, 256, 1.05, 60)
        + _plinth(paint, 205, 196, 66, 70)
        + _plinth(paint, 306, 232, 44, 40)
        + standing(paint, objects.standing_at(0)(paint, rng), 205, 199, 1.3)
        + standing(paint, objects.standing_at(1)(paint, rng), 306, 234, 0.82)
    )


def _plinth(paint: Paint, x: float, top: float, radius: float, height: float) -> str:
    color = paint.palette.ground.toward(paint.palette.glow, 0.55)
    flat = radius * 0.17
    side = f"M{number(x - radius)} {number(top)}V{number(top + height)}A{number(radius)} {number(flat)} 0 0 0 {number(x + radius)} {number(top + height)}V{number(top)}Z"
    foot = ellipse(x + 6, top + height + 2, radius * 1.08, flat * 1.1, paint.dark.hex, opacity=0.16)
    return foot + path(side, paint.round(color)) + ellipse(x, top, radius, flat, color.lighter(0.05).hex)


def shop_window(paint: Paint, rng: Random, objects: NicheObjects) -> str:
    """A shop window with an awning."""
    palette = paint.palette
    frame = palette.second if palette.main.lightness > 0.8 else palette.main
    stripes = "".join(
        path(
            f"M{20 + 40 * index} 24H{60 + 40 * index}V72a20 16 0 0 1-40 0Z",
            (palette.accent if index % 2 else paint.light).hex,
        )
        for index in range(9)
    )
    return (
        rect(0, 0, WIDTH, HEIGHT, palette.back.hex)
        + rect(28, 30, 344, 240, frame.hex, 4)
        + rect(44, 66, 312, 168, paint.fade(palette.glow, palette.glow.toward(palette.back, 0.35)))
        + path("M60 234L150 66H196L106 234ZM216 234L306 66H322L232 234Z", paint.light.hex, opacity=0.28)
        + rect(44, 216, 312, 20, palette.ground.hex)
        + "".join(
            standing(paint, objects.standing_at(index)(paint, rng), x, 221, scale)
            for index, (x, scale) in enumerate(((200, 1.2), (106, 0.9), (296, 0.9)))
        )
        + rect(28, 236, 344, 34, frame.lighter(-0.05).hex)
        + rect(54, 244, 292, 16, frame.lighter(0.04).hex, 3)
        + rect(0, 268, WIDTH, 32, palette.ground.lighter(-0.08).hex)
        + rect(20, 18, 360, 8, frame.lighter(-0.08).hex, 3)
        + stripes
        + group(nature.plant(paint, rng), 34, 284, 0.95)
    )


def shelf(paint: Paint, rng: Random, objects: NicheObjects) -> str:
    """A wall of shelves with one place in the light."""
    palette = paint.palette
    wood = palette.ground
    spot = rng.randrange(1, 3)
    boards = "".join(
        rect(26, y, 348, 10, wood.lighter(0.04).hex, 2) + rect(26, y + 10, 348, 4, wood.lighter(-0.12).hex)
        for y in (136, 256)
    )
    xs = (74, 158, 242, 326)
    row = "".join(
        standing(
            paint,
            (objects.standing_at(0) if index == spot else objects.standing_at(index + 1))(paint, rng),
            x,
            257,
            0.98 if index == spot else 0.72,
        )
        for index, x in enumerate(xs)
    )
    top = (
        standing(paint, nature.plant(paint, rng), 70, 137, 0.8, 50)
        + standing(paint, objects.standing_at(1)(paint, rng), 160, 137, 0.72)
        + group(rooms.books(paint), 228, 137)
        + group(rooms.books(paint), 304, 137)
    )
    return (
        rooms.sky(paint)
        + circle(xs[spot], 204, 58, palette.glow.lighter(0.04).hex, opacity=0.85)
        + boards
        + top
        + row
    )


def arcs(paint: Paint, rng: Random, objects: NicheObjects) -> str:
    """An object that rises in front of a rainbow."""
    palette = paint.palette
    bands = [palette.second, palette.accent, palette.glow, palette.main.toward(palette.back, 0.35)]
    start = rng.randrange(4)
    bows = "".join(
        path(f"M{200 - r} 236a{r} {r} 0 0 1 {2 * r} 0Z", bands[(start + index) % 4].hex)
        for index, r in enumerate((168, 142, 116, 90))
    )
    core = path("M136 236a64 64 0 0 1 128 0Z", palette.back.toward(palette.glow, 0.7).hex)
    return (
        rooms.sky(paint)
        + nature.cloud(paint, 52, 70, 0.9)
        + nature.cloud(paint, 350, 96, 0.75)
        + bows
        + core
        + rooms.floor(paint, 234)
        + standing(paint, objects.standing_at(0)(paint, rng), 200, 258, 1.4)
        + standing(paint, objects.standing_at(1)(paint, rng), 92, 262, 0.72)
        + standing(paint, nature.plant(paint, rng), 318, 264, 0.8, 50)
    )


def steps(paint: Paint, rng: Random, objects: NicheObjects) -> str:
    """Three panels, one after the other."""
    palette = paint.palette
    colors = [
        palette.glow,
        palette.accent.toward(palette.glow, 0.45),
        palette.second.toward(palette.glow, 0.4),
    ]
    rng.shuffle(colors)
    panels = "".join(
        rect(22 + 124 * index, 58, 108, 168, paint.fade(color.lighter(0.02), color.lighter(-0.04)), 14)
        + rect(22 + 124 * index, 186, 108, 40, color.lighter(-0.1).hex, 14)
        + rect(22 + 124 * index, 186, 108, 14, color.lighter(-0.1).hex)
        + standing(paint, objects.standing_at(index)(paint, rng), 76 + 124 * index, 204, 0.92)
        for index, color in enumerate(colors)
    )
    dots = "".join(
        circle(76 + 124 * index + 12 * (pip - index / 2), 250, 4, palette.main.hex)
        for index in range(3)
        for pip in range(index + 1)
    )
    return rooms.sky(paint) + rooms.window_light(paint, rng) + panels + dots


def cover(paint: Paint, rng: Random, objects: NicheObjects) -> str:
    """The first three objects side by side, for the choice of a niche."""
    palette = paint.palette
    return (
        rooms.sky(paint)
        + circle(200, 150, 128, palette.glow.lighter(0.02).hex)
        + rooms.floor(paint, 222)
        + standing(paint, objects.standing_at(1)(paint, rng), 96, 244, 1.15)
        + standing(paint, objects.standing_at(2)(paint, rng), 306, 244, 1.15)
        + standing(paint, objects.standing_at(0)(paint, rng), 202, 262, 1.7)
    )
