"""Compositions of places: a window, a landscape, a workshop, a counter with people. Pure."""

from random import Random

from demo.pictures.backgrounds import nature, people, rooms
from demo.pictures.backgrounds.rooms import HEIGHT, WIDTH, standing
from demo.pictures.composition_types import NicheObjects
from demo.pictures.paint import Paint
from interactions.pictures.colors import Color
from interactions.pictures.svg import circle, group, line, path, rect


def window(paint: Paint, rng: Random, objects: NicheObjects) -> str:
    """Objects on the sill of a window, and the weather outside."""
    palette = paint.palette
    frame = paint.light
    dusk = palette.back.toward(Color(0.72, 0.06, 240), 0.5)
    scene = (
        rect(84, 24, 232, 204, paint.fade(dusk, palette.glow))
        + _weather(paint, rng)
        + path(
            "M84 186C140 150 180 190 222 166S290 150 316 172V228H84Z",
            palette.ground.toward(palette.glow, 0.45).hex,
        )
        + path("M84 208C150 180 220 214 316 188V228H84Z", palette.ground.hex)
    )
    curtain = palette.second.toward(palette.glow, 0.25)
    drape = path("M0 0H70C64 96 52 150 18 226L0 246Z", paint.two_tone(curtain)) + line(
        "M20 0C18 96 12 160 6 232M46 0C38 110 30 160 14 226", curtain.lighter(-0.08).hex, 2
    )
    return (
        rect(0, 0, WIDTH, HEIGHT, palette.back.lighter(-0.03).hex)
        + scene
        + line("M84 24H316V228H84ZM200 24V228M84 104H316", frame.hex, 9)
        + drape
        + f'<g transform="matrix(-1 0 0 1 400 0)">{drape}</g>'
        + rect(0, 238, WIDTH, 62, paint.fade(palette.back.lighter(-0.09), palette.back.lighter(-0.12)))
        + rect(48, 228, 304, 20, frame.lighter(-0.03).hex, 3)
        + rect(56, 248, 288, 6, frame.lighter(-0.18).hex)
        + standing(paint, objects.standing_at(0)(paint, rng), 158, 236, 1.4)
        + standing(paint, nature.plant(paint, rng), 268, 235, 1, 50)
    )


def _weather(paint: Paint, rng: Random) -> str:
    """Rain, snow or sun behind the window."""
    kind = rng.randrange(3)
    if kind == 0:
        drops = "".join(f"M{rng.randrange(100, 304)} {rng.randrange(34, 150)}l-4 13" for _ in range(22))
        return (
            nature.cloud(paint, 150, 66, 1)
            + nature.cloud(paint, 244, 58, 1.2)
            + line(drops, paint.light.hex, 2, opacity=0.7)
        )
    if kind == 1:
        flakes = "".join(f"M{rng.randrange(100, 304)} {rng.randrange(34, 180)}h0" for _ in range(26))
        return line(flakes, paint.light.hex, 4.5, opacity=0.9)
    return nature.sun(paint, 256, 74, 26) + nature.cloud(paint, 150, 84, 0.9)


def landscape(paint: Paint, rng: Random, objects: NicheObjects) -> str:
    """An object in front of hills."""
    palette = paint.palette
    x = rng.randrange(90, 310)
    return (
        rect(0, 0, WIDTH, HEIGHT, paint.fade(palette.back, palette.glow))
        + (nature.stars(paint, rng) if palette.is_dark else "")
        + nature.sun(paint, x, rng.randrange(80, 130), 34)
        + nature.cloud(paint, (x + 150) % 400, 62, 0.9)
        + nature.cloud(paint, (x + 260) % 400, 96, 0.6)
        + (nature.mountains(paint, rng, 196) if rng.random() < 0.5 else "")
        + nature.hills(paint, rng, (176, 204, 236))
        + path(
            "M90 300C104 262 140 250 176 250H226C262 250 296 262 312 300Z",
            paint.two_tone(palette.ground.lighter(-0.1), -0.04),
        )
        + standing(paint, objects.standing_at(0)(paint, rng), 202, 254, 1.35)
        + group(nature.sprig(paint, rng, 50), 120, 284, rotate=-20)
        + group(nature.sprig(paint, rng, 42), 288, 288, rotate=24)
    )


def workbench(paint: Paint, rng: Random, objects: NicheObjects) -> str:
    """A bench under a lamp, and tools on a rail."""
    palette = paint.palette
    board = palette.back.lighter(0.07 if palette.is_dark else -0.06)
    tools = "".join(
        group(objects.hanging_at(index)(paint, rng), 54 + 44 * index, 62, 0.98) for index in range(4)
    )
    return (
        rooms.sky(paint)
        + rect(20, 36, 200, 112, board.hex, 6)
        + line("M32 60H208", paint.fixture_color.hex, 4)
        + tools
        + rooms.pendant(paint, 296, 70)
        + rooms.table(paint, 236, palette.ground, 0, 400)
        + standing(paint, objects.standing_at(0)(paint, rng), 294, 239, 1.4)
        + standing(paint, objects.standing_at(1)(paint, rng), 184, 239, 0.82)
        + standing(paint, objects.standing_at(2)(paint, rng), 88, 239, 0.82)
    )


def team(paint: Paint, rng: Random, objects: NicheObjects) -> str:
    """People behind a counter."""
    palette = paint.palette
    shirts = [palette.second, palette.accent, palette.main]
    rng.shuffle(shirts)
    places = ((108, 1.05), (292, 1.05), (200, 1.2))
    staff = "".join(
        group(people.person(paint, rng, shirts[index]), x, 222, scale)
        for index, (x, scale) in enumerate(places)
    )
    return (
        rooms.sky(paint)
        + circle(200, 128, 118, palette.glow.hex, opacity=0.7)
        + rect(20, 84, 58, 6, palette.ground.hex, 2)
        + rect(322, 84, 58, 6, palette.ground.hex, 2)
        + group(rooms.books(paint), 332, 84, 0.6)
        + group(objects.standing_at(1)(paint, rng), 49, 84, 0.5)
        + staff
        + rect(0, 216, WIDTH, 84, paint.fade(palette.ground, palette.ground.lighter(-0.07)))
        + rect(0, 212, WIDTH, 12, palette.ground.lighter(0.07).hex)
        + standing(paint, objects.standing_at(0)(paint, rng), 150, 246, 0.9)
        + standing(paint, objects.standing_at(2)(paint, rng), 252, 248, 0.76)
    )
