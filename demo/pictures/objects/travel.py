"""What stands, lies and hangs in the pictures of a maker of journeys. Pure."""

from random import Random

from demo.pictures.paint import Paint
from interactions.pictures.colors import Color
from interactions.pictures.svg import circle, ellipse, group, line, path, rect

LEATHER = Color(0.50, 0.09, 50)
WOOD = Color(0.56, 0.08, 58)


def suitcase(paint: Paint, rng: Random) -> str:
    """A suitcase with stickers."""
    body = rng.choice((paint.palette.second, paint.palette.main, paint.palette.accent))
    return (
        line("M-14-72V-86H14V-72", LEATHER.hex, 6)
        + rect(-48, -74, 96, 74, paint.two_tone(body, -0.06, 0.74), 9)
        + rect(-34, -74, 10, 74, LEATHER.hex)
        + rect(24, -74, 10, 74, LEATHER.lighter(-0.05).hex)
        + rect(-36, -48, 14, 8, paint.light.lighter(-0.1).hex, 2)
        + rect(22, -48, 14, 8, paint.light.lighter(-0.1).hex, 2)
        + circle(-5, -48, 11, paint.light.hex)
        + path("M-13-44L-7-54-2-48 1-52 4-44Z", paint.palette.main.toward(paint.light, 0.2).hex)
        + rect(-10, -28, 28, 15, paint.palette.glow.hex, 2, transform="rotate(-9 4 -20)")
    )


def backpack(paint: Paint, rng: Random) -> str:
    body, pocket = rng.sample((paint.palette.main, paint.palette.second, paint.palette.accent), 2)
    return (
        rect(-34, -104, 68, 17, paint.round(pocket.lighter(0.05)), 8)
        + line("M-20-104V-86M20-104V-86", LEATHER.hex, 4)
        + line("M-34-62C-46-50-46-20-36-8M34-62C46-50 46-20 36-8", LEATHER.lighter(-0.06).hex, 6)
        + path("M-36-58C-36-92 36-92 36-58V-10Q36 0 26 0H-26Q-36 0-36-10Z", paint.two_tone(body, -0.06, 0.66))
        + path("M-36-56C-36-92 36-92 36-56L24-46H-24Z", body.lighter(0.05).hex)
        + rect(-24, -38, 48, 30, pocket.hex, 6)
        + line("M-24-26H24", pocket.lighter(-0.1).hex, 2.5)
        + line("M-12-50V-40M12-50V-40", LEATHER.hex, 5)
    )


def tent(paint: Paint, rng: Random) -> str:
    cloth = rng.choice((paint.palette.second, paint.palette.accent))
    return (
        line("M-6-80L6-70M6-80L-2-72", WOOD.lighter(-0.1).hex, 3)
        + path("M0-74L56 0H-56Z", cloth.hex)
        + path("M0-74L56 0H10Z", cloth.lighter(-0.08).hex)
        + path("M0-74L20 0H-20Z", paint.dark.lighter(0.06).hex)
        + path("M0-74L-20 0H-30Z", cloth.lighter(0.08).hex)
        + path("M0-46C8-24 14-10 20 0H30L0-74Z", cloth.lighter(0.03).hex)
        + line("M-56 0L-64 3M56 0L64 3", paint.light.hex, 2)
    )


def signpost(paint: Paint, rng: Random) -> str:
    colors = [paint.palette.second, paint.palette.accent, paint.palette.main]
    rng.shuffle(colors)
    return (
        rect(-4, -106, 8, 106, WOOD.hex, 2)
        + path("M-22-98H30L42-88 30-78H-22Z", colors[0].hex)
        + path("M24-72H-28L-40-62-28-52H24Z", colors[1].hex)
        + path("M-18-46H24L34-37 24-28H-18Z", colors[2].hex)
        + line("M-12-88H20M14-62H-20M-8-37H14", paint.light.hex, 3, opacity=0.75)
        + path("M-16 0Q0-12 16 0Z", paint.palette.ground.lighter(-0.12).hex)
    )


def camera(paint: Paint, rng: Random) -> str:
    body = rng.choice((paint.palette.main, paint.palette.second))
    return (
        path("M-16-62L-10-74H10L16-62Z", paint.light.lighter(-0.16).hex)
        + rect(-48, -64, 96, 64, paint.two_tone(body, -0.06, 0.75), 8)
        + path("M-48-56Q-48-64-40-64H40Q48-64 48-56V-50H-48Z", paint.light.lighter(-0.12).hex)
        + rect(-42, -70, 16, 7, paint.palette.accent.hex, 2)
        + circle(0, -28, 24, paint.light.lighter(-0.06).hex)
        + circle(0, -28, 18, paint.dark.hex)
        + circle(0, -28, 11, Color(0.45, 0.08, 240).hex)
        + circle(-4, -32, 3.5, paint.light.hex, opacity=0.9)
        + rect(30, -59, 11, 7, paint.palette.glow.hex, 2)
    )


def lighthouse(paint: Paint, rng: Random) -> str:
    stripe = rng.choice((paint.palette.second, paint.palette.main))
    return (
        path("M12-88L64-104V-76Z", Color(0.94, 0.09, 90).hex, opacity=0.4)
        + path("M-34 0C-30-14 30-14 34 0Z", paint.palette.ground.lighter(-0.14).hex)
        + path("M-12-76H12L20-6H-20Z", paint.two_tone(paint.light.lighter(-0.02), -0.09, 0.55))
        + path("M-14-58H14L16-42H-16ZM-17.5-26H17.5L19.5-10H-19.5Z", paint.two_tone(stripe, -0.08, 0.55))
        + rect(-16, -80, 32, 5, paint.dark.lighter(0.1).hex, 2)
        + rect(-9, -94, 18, 15, Color(0.93, 0.11, 88).hex)
        + path("M-13-94H13L0-106Z", stripe.hex)
        + path("M-4-6V-14a4 4 0 0 1 8 0V-6Z", paint.dark.hex)
    )


def balloon(paint: Paint, rng: Random) -> str:
    """A hot-air balloon."""
    first, second = rng.sample((paint.palette.second, paint.palette.accent, paint.palette.main), 2)
    return (
        path("M0-26C-22-36-40-52-40-74A40 36 0 0 1 40-74C40-52 22-36 0-26Z", first.hex)
        + path("M0-26C-12-36-22-54-22-76-22-96-12-110 0-110S22-96 22-76C22-54 12-36 0-26Z", second.hex)
        + path("M0-26C-5-40-8-58-8-76-8-94-4-110 0-110S8-94 8-76C8-58 5-40 0-26Z", first.lighter(0.08).hex)
        + line("M-8-30L-7-14M8-30L7-14", WOOD.lighter(-0.1).hex, 1.8)
        + path("M-10-15H10L8 0H-8Z", paint.two_tone(WOOD))
    )


def globe(paint: Paint, rng: Random) -> str:
    """A globe on a stand."""
    water, land = Color(0.70, 0.08, 228), Color(0.68, 0.10, 140)
    return (
        line("M0-14V-5", WOOD.lighter(-0.05).hex, 6)
        + path("M-24 0Q0-12 24 0Z", WOOD.hex)
        + line("M26-88A40 40 0 0 1-14-16", WOOD.lighter(-0.06).hex, 5)
        + circle(0, -54, 34, paint.round(water))
        + path(
            "M-26-72C-18-84-4-82 0-74-4-66-12-64-14-56-22-56-28-62-26-72ZM-12-50C-4-54 4-46 2-38-2-30-8-26-10-30-14-38-16-44-12-50ZM8-78C18-84 28-72 32-62 30-52 22-54 18-46 12-48 12-56 8-60 4-66 6-72 8-78Z",
            land.hex,
        )
    )


def lantern(paint: Paint, rng: Random) -> str:
    """A storm lantern."""
    metal = rng.choice((paint.palette.second, paint.palette.main))
    glow = Color(0.92, 0.11, 86)
    return (
        line("M-28-56C-28-108 28-108 28-56V-20M-28-56V-20", metal.lighter(-0.08).hex, 4)
        + path("M-14-72H14L10-84H-10Z", metal.hex)
        + path("M-16-28C-26-40-24-58-14-72H14C24-58 26-40 16-28Z", glow.lighter(0.03).hex)
        + path("M0-34C-10-42-4-50 0-60 4-50 10-42 0-34Z", Color(0.80, 0.16, 60).hex)
        + rect(-20, -29, 40, 8, metal.lighter(0.05).hex, 3)
        + path("M-30-20H30L26 0H-26Z", paint.two_tone(metal))
    )


def trail_map(paint: Paint, rng: Random) -> str:
    """A folded map with a route, from above."""
    palette = paint.palette
    return (
        path("M-50-32L-17-40 17-32 50-40V32L17 40-17 32-50 40Z", paint.light.hex)
        + path("M-17-40L17-32V40L-17 32Z", paint.light.lighter(-0.06).hex)
        + path(
            "M-50 10C-30-2-20 20 0 8S34 10 50-2V32L17 40-17 32-50 40Z",
            palette.ground.toward(paint.light, 0.35).hex,
        )
        + line("M-38 22C-26-6-6 22 4 0S22-16 30-18", palette.second.hex, 3, stroke_dasharray="1 7")
        + path("M30-14C20-28 24-38 30-38S40-28 30-14Z", palette.second.hex)
        + circle(30, -29, 3.5, paint.light.hex)
        + circle(-38, 22, 4, palette.main.hex)
    )


def compass(paint: Paint, rng: Random) -> str:
    """A compass from above."""
    turn = rng.randrange(20, 70)
    needle = path("M0-24L6 0H-6Z", paint.palette.second.hex) + path(
        "M0 24L6 0H-6Z", paint.dark.lighter(0.15).hex
    )
    return (
        circle(0, -38, 7, "none", stroke=WOOD.hex, stroke_width=4)
        + circle(0, 0, 37, WOOD.hex)
        + circle(0, 0, 31, paint.light.hex)
        + line("M0-27V-24M0 27V24M-27 0H-24M27 0H24", paint.dark.hex, 3)
        + group(needle, rotate=turn)
        + circle(0, 0, 3.5, WOOD.hex)
    )


def ticket(paint: Paint, rng: Random) -> str:
    """A passport with a ticket in it, from above."""
    palette = paint.palette
    return (
        rect(-22, -52, 40, 80, paint.light.hex, 3, transform="rotate(6)")
        + line("M2-44H18", palette.second.hex, 5, transform="rotate(6)")
        + rect(-36, -34, 62, 82, palette.main.hex, 6)
        + circle(-5, 2, 15, "none", stroke=paint.palette.accent.hex, stroke_width=3)
        + line("M-20 2H10M-5-13C-14-4-14 8-5 17M-5-13C4-4 4 8-5 17M-18 30H8", paint.palette.accent.hex, 2.5)
    )


def sunglasses(paint: Paint, rng: Random) -> str:
    """Sunglasses from above."""
    frame = paint.palette.second
    return (
        line("M-42-6L-34-26M42-6L34-26M-8-4Q0-10 8-4", frame.hex, 5)
        + path("M-44-8H-6C-4 16-16 24-26 24S-46 12-44-8Z", frame.hex)
        + path("M44-8H6C4 16 16 24 26 24S46 12 44-8Z", frame.hex)
        + path(
            "M-38-2H-12C-12 12-18 18-26 18S-39 8-38-2ZM38-2H12C12 12 18 18 26 18S39 8 38-2Z",
            paint.dark.lighter(0.1).hex,
        )
    )


def hat(paint: Paint, rng: Random) -> str:
    """A straw hat that hangs on its brim."""
    straw = Color(0.84, 0.08, 85)
    return (
        ellipse(0, 32, 36, 34, straw.lighter(-0.05).hex)
        + ellipse(0, 32, 20, 19, paint.palette.second.hex)
        + ellipse(0, 31, 17, 16, straw.lighter(0.02).hex)
    )


def postcard(paint: Paint, rng: Random) -> str:
    """A postcard on a pin."""
    palette = paint.palette
    return group(
        rect(-32, 6, 64, 46, paint.light.hex, 2)
        + rect(-28, 10, 56, 38, palette.glow.hex)
        + circle(14, 22, 6, palette.accent.hex)
        + path("M-28 48L-10 24 2 38 12 30 28 48Z", palette.main.toward(palette.glow, 0.25).hex)
        + circle(0, 6, 4, palette.second.hex),
        rotate=rng.randrange(-7, 8),
    )


STANDING = (suitcase, backpack, tent, signpost, camera, lighthouse, balloon, globe, lantern)
LYING = (trail_map, compass, ticket, sunglasses)
HANGING = (postcard, hat, postcard, postcard)
