"""Compositions of feasts and of the time before and after them. Pure."""

from random import Random

from demo.pictures.backgrounds import festive, nature, rooms
from demo.pictures.backgrounds.rooms import HEIGHT, WIDTH, standing
from demo.pictures.composition_types import NicheObjects
from demo.pictures.paint import Paint
from interactions.pictures.svg import circle, ellipse, group, line, path, rect


def celebration(paint: Paint, rng: Random, objects: NicheObjects) -> str:
    """A winner's podium with three objects, pennants and confetti."""
    palette = paint.palette
    block = palette.ground.toward(palette.glow, 0.3)
    steps = "".join(
        rect(x, top, 92, HEIGHT, paint.two_tone(block.lighter(tone), -0.06, 0.8))
        + rect(x, top, 92, 8, block.lighter(tone + 0.07).hex)
        for x, top, tone in ((62, 226, -0.03), (246, 238, -0.05), (154, 200, 0.0))
    )
    return (
        rooms.sky(paint)
        + circle(200, 170, 130, palette.glow.hex, opacity=0.5)
        + festive.bunting(paint, -4, 26, shift=rng.randrange(4))
        + festive.confetti(paint, rng, 40, 56, 190)
        + rooms.floor(paint, 268)
        + steps
        + standing(paint, objects.standing_at(0)(paint, rng), 200, 205, 1.15)
        + standing(paint, objects.standing_at(1)(paint, rng), 108, 231, 0.8)
        + standing(paint, objects.standing_at(2)(paint, rng), 292, 243, 0.8)
    )


def evening(paint: Paint, rng: Random, objects: NicheObjects) -> str:
    """A laid table outdoors under strings of lights."""
    palette = paint.palette
    cloth = palette.glow.toward(paint.light, 0.6)
    return (
        rect(0, 0, WIDTH, HEIGHT, paint.fade(palette.back.lighter(-0.04), palette.glow))
        + (nature.stars(paint, rng, bottom=90) if palette.is_dark else "")
        + nature.hills(paint, rng, (168, 196))
        + rect(0, 232, WIDTH, 68, palette.ground.lighter(-0.04).hex)
        + festive.string_lights(paint, 14, 34, 8)
        + festive.string_lights(paint, 50, 26, 7)
        + line(
            "M80 216V172H118V216M181 216V172H219V216M282 216V172H320V216",
            palette.main.toward(palette.ground, 0.5).hex,
            8,
        )
        + line("M80 190H118M181 190H219M282 190H320", palette.main.toward(palette.ground, 0.5).hex, 5)
        + path(
            "M34 214H366L376 282Q376 284 374 284H26Q24 284 24 282Z", paint.fade(cloth, cloth.lighter(-0.08))
        )
        + line("M110 216L104 284M204 216V284M296 216L302 284", cloth.lighter(-0.1).hex, 1.5, opacity=0.6)
        + ellipse(200, 214, 166, 9, cloth.lighter(0.01).hex)
        + "".join(
            standing(paint, objects.standing_at(index)(paint, rng), x, 217, 0.72)
            for index, x in enumerate((96, 166, 304))
        )
        + standing(paint, nature.vase(paint, rng), 236, 216, 0.62, 50)
    )


def countdown(paint: Paint, rng: Random, objects: NicheObjects) -> str:
    """A calendar or a clock on the wall, and an object that is ready."""
    palette = paint.palette
    dial = _calendar(paint, rng) if rng.random() < 0.5 else _clock(paint, rng)
    return (
        rooms.sky(paint)
        + circle(290, 120, 96, palette.glow.hex, opacity=0.45)
        + group(dial, 126, 122)
        + rooms.table(paint, 238, palette.ground, 0, 400)
        + standing(paint, objects.standing_at(0)(paint, rng), 290, 240, 1.3)
        + standing(paint, objects.standing_at(1)(paint, rng), 206, 241, 0.7)
    )


def _calendar(paint: Paint, rng: Random) -> str:
    palette = paint.palette
    today = rng.randrange(8, 17)
    days = "".join(f"M{-52 + 26 * (day % 5)} {-22 + 24 * (day // 5)}h0" for day in range(20) if day != today)
    passed = "".join(f"M{-52 + 26 * (day % 5)} {-22 + 24 * (day // 5)}h0" for day in range(today))
    x, y = -52 + 26 * (today % 5), -22 + 24 * (today // 5)
    return (
        rect(-76, -76, 160, 166, paint.dark.hex, 10, opacity=0.14)
        + rect(-80, -82, 160, 166, paint.light.hex, 10)
        + path("M-80-50V-72a10 10 0 0 1 10-10H70a10 10 0 0 1 10 10V-50Z", palette.second.hex)
        + line("M-44-92V-74M44-92V-74", paint.dark.hex, 5)
        + line(days, palette.back.lighter(-0.06).hex, 14)
        + line(passed, palette.second.toward(paint.light, 0.45).hex, 14)
        + circle(x, y, 11, palette.accent.hex)
        + circle(x, y, 15, "none", stroke=palette.accent.hex, stroke_width=2.5)
    )


def _clock(paint: Paint, rng: Random) -> str:
    palette = paint.palette
    ticks = "".join(
        group(line("M0-66V-58", paint.dark.hex, 3, opacity=0.5), rotate=30 * hour) for hour in range(12)
    )
    return (
        circle(5, 7, 86, paint.dark.hex, opacity=0.14)
        + circle(0, 0, 86, palette.second.hex)
        + circle(0, 0, 75, paint.light.hex)
        + path("M0 0V-75A75 75 0 0 0-65-37Z", palette.accent.hex, opacity=0.35)
        + ticks
        + group(line("M0 8V-42", paint.dark.hex, 6), rotate=rng.choice((-40, -60, 300, 200)))
        + line("M0 10V-58", paint.dark.hex, 4)
        + circle(0, 0, 6, palette.accent.hex)
    )


def chairs(paint: Paint, rng: Random, objects: NicheObjects) -> str:
    """A row of chairs, one of them in the light."""
    palette = paint.palette
    free = rng.randrange(1, 4)
    muted = palette.ground.toward(palette.back, 0.3).lighter(-0.09)
    xs = [56 + 72 * index for index in range(5)]
    spot = path(
        f"M{xs[free] - 14} 0H{xs[free] + 14}L{xs[free] + 58} 262H{xs[free] - 58}Z",
        paint.fade_to_transparent(palette.glow.lighter(0.05), 0.85),
    )
    row = "".join(
        standing(paint, rooms.chair(paint, palette.accent if index == free else muted), x, 262, 1.12, 56)
        for index, x in enumerate(xs)
    )
    return (
        rect(0, 0, WIDTH, HEIGHT, paint.fade(palette.back.lighter(-0.05), palette.back))
        + festive.bunting(paint, 4, 16, 11, rng.randrange(4))
        + rooms.floor(paint, 226)
        + spot
        + ellipse(xs[free], 262, 60, 11, palette.glow.hex, opacity=0.6)
        + row
        + standing(paint, objects.standing_at(0)(paint, rng), xs[free], 222, 0.5)
    )


def afterwards(paint: Paint, rng: Random, objects: NicheObjects) -> str:
    """The table after the feast: balloons, confetti on the floor, the moon."""
    palette = paint.palette
    wood = palette.ground.toward(palette.glow, 0.35)
    return (
        rect(
            0,
            0,
            WIDTH,
            HEIGHT,
            paint.fade(palette.back.lighter(-0.06), palette.back.toward(palette.glow, 0.4)),
        )
        + (
            nature.stars(paint, rng, bottom=120) + nature.moon(paint, 322, 62, 24)
            if palette.is_dark
            else nature.sun(paint, 318, 70, 30)
        )
        + festive.bunting(paint, -14, 30, 8, rng.randrange(4))
        + festive.balloon(paint, palette.second, 62, 116, 1.05)
        + festive.balloon(paint, palette.accent, 100, 92, 0.9)
        + rooms.floor(paint, 262)
        + rooms.table(paint, 214, wood, 44, 356)
        + "".join(
            standing(paint, objects.standing_at(index)(paint, rng), x, 216, scale)
            for index, (x, scale) in enumerate(((202, 0.95), (110, 0.66), (298, 0.68)))
        )
        + festive.confetti(paint, rng, 28, 268, 296)
        + festive.confetti(paint, rng, 12, 205, 214)
    )
