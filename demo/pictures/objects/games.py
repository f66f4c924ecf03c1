"""What stands, lies and hangs in the pictures of a games studio. Pure."""

from random import Random

from demo.pictures.paint import Paint
from interactions.pictures.colors import Color
from interactions.pictures.svg import circle, group, line, path, points, rect


def arcade(paint: Paint, rng: Random) -> str:
    """An arcade machine."""
    body, trim = rng.sample((paint.palette.main, paint.palette.second, paint.palette.accent), 2)
    return (
        path(
            "M-30-102H30V-80L25-76V-46L34-38V0H-34V-38L-25-46V-76L-30-80Z", paint.two_tone(body, -0.07, 0.72)
        )
        + rect(-27, -99, 54, 15, trim.hex, 2)
        + rect(-21, -78, 42, 32, SCREEN.hex, 3)
        + _landscape(paint)
        + path("M-25-44H25L33-36H-33Z", trim.lighter(-0.05).hex)
        + line("M-14-40V-48", paint.dark.hex, 3)
        + circle(-14, -49, 4, trim.lighter(0.1).hex)
        + line("M8-40h0M17-40h0", paint.light.hex, 5)
        + rect(-12, -26, 24, 18, body.lighter(-0.12).hex, 2)
    )


SCREEN = Color(0.27, 0.06, 275)


def _landscape(paint: Paint) -> str:
    """What the screen of the arcade machine shows."""
    return path("M-18-50L-8-62-2-55 6-66 18-50Z", paint.palette.accent.hex) + circle(
        12, -70, 4, paint.light.hex
    )


def handheld(paint: Paint, rng: Random) -> str:
    """A handheld console that stands upright."""
    body = rng.choice((paint.palette.second, paint.palette.main, paint.palette.accent))
    return (
        path("M-30-96H30V-14Q30 0 16 0H-30Z", paint.two_tone(body, -0.06, 0.78))
        + rect(-24, -89, 48, 40, SCREEN.hex, 4)
        + path("M-20-54L-8-70 0-62 8-76 20-54Z", body.lighter(0.14).hex)
        + circle(12, -80, 3.5, paint.light.hex)
        + path("M-20-32H-14V-38H-8V-32H-2V-26H-8V-20H-14V-26H-20Z", paint.dark.hex)
        + circle(19, -34, 5, paint.light.hex)
        + circle(9, -25, 5, paint.light.hex)
        + line("M6-10L14-14M12-7L20-11", body.lighter(-0.15).hex, 2)
    )


def gamepad(paint: Paint, rng: Random) -> str:
    body = rng.choice((paint.palette.main, paint.palette.accent))
    return group(_gamepad(paint, body), 0, -32)


def _gamepad(paint: Paint, body: Color) -> str:
    """A controller around (0, 0)."""
    return (
        path(
            "M-28-28H28C50-28 58 30 42 32 32 33 28 14 18 12H-18C-28 14-32 33-42 32-58 30-50-28-28-28Z",
            paint.two_tone(body, -0.06, 0.7),
        )
        + path("M-34-12H-28V-18H-22V-12H-16V-6H-22V0H-28V-6H-34Z", paint.dark.hex)
        + line("M18-9h0M32-9h0", paint.palette.second.hex, 8)
        + line("M25-16h0M25-2h0", paint.light.hex, 8)
        + line("M-5-14H5", body.lighter(-0.14).hex, 4)
    )


def cartridge(paint: Paint, rng: Random) -> str:
    """A cartridge with a picture on it."""
    shell, label = rng.sample((paint.palette.second, paint.palette.accent, paint.palette.main), 2)
    return (
        path("M-32-82H22L32-72V0H-32Z", paint.two_tone(shell, -0.06, 0.8))
        + line("M-24-76H12", shell.lighter(-0.1).hex, 3)
        + rect(-24, -68, 48, 44, paint.light.hex, 3)
        + rect(-20, -64, 40, 36, label.hex, 2)
        + path("M-20-28L-8-46 0-38 8-50 20-28Z", label.lighter(-0.14).hex)
        + circle(9, -54, 5, paint.light.hex)
        + path("M-16 0V-12H16V0H10V-7H4V0H-4V-7H-10V0Z", shell.lighter(-0.14).hex)
    )


def crystal(paint: Paint, rng: Random) -> str:
    """A cluster of crystals."""
    gem = rng.choice((paint.palette.accent, paint.palette.second))
    return (
        _gem(gem.lighter(-0.06), -24, 56, -16)
        + _gem(gem.lighter(-0.03), 24, 64, 14)
        + _gem(gem, 0, 98, 0)
        + path("M-42 0C-36-12 36-12 42 0Z", paint.palette.main.lighter(-0.08).hex)
    )


def _gem(color: Color, x: float, height: float, turn: float) -> str:
    tip = 0.26 * height
    left = points(((0, -height), (-15, -height + tip), (-11, 0), (0, 0)))
    right = points(((0, -height), (15, -height + tip), (11, 0), (0, 0)))
    facet = points(((-15, -height + tip), (0, -height + tip * 1.35), (15, -height + tip), (0, -height)))
    return group(
        path(f"{left}Z", color.hex) + path(f"{right}Z", color.lighter(-0.1).hex) + path(f"{facet}Z", color.lighter(0.08).hex),
        x, -4, rotate=turn,
    )  # fmt: skip


def mushroom(paint: Paint, rng: Random) -> str:
    """A large and a small mushroom."""
    cap = rng.choice((paint.palette.second, paint.palette.accent))
    small = path("M28-24L26 0H42L40-24Z", paint.light.lighter(-0.08).hex) + path(
        "M14-22C14-50 54-50 54-22 46-18 22-18 14-22Z", cap.lighter(-0.09).hex
    )
    return small + _mushroom(paint, cap)


def _mushroom(paint: Paint, cap: Color) -> str:
    return (
        path("M-12-44C-10-20-16-10-20 0H20C16-10 10-20 12-44Z", paint.round(paint.light.lighter(-0.02)))
        + path("M-42-42C-42-98 42-98 42-42 26-34-26-34-42-42Z", paint.round(cap))
        + path("M-42-42C-26-34 26-34 42-42 30-50-30-50-42-42Z", cap.lighter(-0.12).hex)
        + line("M-18-64h0M16-58h0", paint.light.hex, 13)
        + line("M2-76h0M-29-52h0", paint.light.hex, 8)
    )


def lantern(paint: Paint, rng: Random) -> str:
    """A lantern that glows."""
    metal = paint.fixture_color
    glow = Color(0.90, 0.12, 88)
    return (
        circle(0, -42, 50, glow.hex, opacity=0.22)
        + line("M-10-86C-10-104 10-104 10-86", metal.hex, 4)
        + path("M-20-72L-10-86H10L20-72Z", metal.lighter(0.06).hex)
        + rect(-19, -72, 38, 60, glow.hex)
        + path("M0-24C-14-34-4-44 0-60 4-44 14-34 0-24Z", paint.light.hex)
        + line("M-19-72V-12M19-72V-12M0-72V-62", metal.hex, 4)
        + rect(-25, -13, 50, 13, paint.two_tone(metal), 3)
    )


def tower(paint: Paint, rng: Random) -> str:
    """A tower with a flag."""
    stone, roof = rng.sample((paint.palette.main, paint.palette.second, paint.palette.accent), 2)
    return (
        line("M0-88V-108", paint.fixture_color.hex, 2)
        + path("M1-108L18-102 1-96Z", roof.hex)
        + path("M-22-62L0-92 22-62Z", paint.two_tone(roof, -0.08, 0.5))
        + path("M-17-62H17V0H-17Z", paint.two_tone(stone, -0.06, 0.62))
        + path(
            "M-36-34H-31V-40H-26V-34H-22V-40H-17V0H-36ZM17-40H22V-34H26V-40H31V-34H36V0H17Z",
            stone.lighter(-0.06).hex,
        )
        + path("M-6-42V-48a6 6 0 0 1 12 0V-42Z", SCREEN.hex)
        + path("M-8 0V-15a8 8 0 0 1 16 0V0Z", SCREEN.hex)
        + line("M-10-28h4M8-34h4M-12-54h3", stone.lighter(-0.1).hex, 2.5)
    )


def flat_gamepad(paint: Paint, rng: Random) -> str:
    return _gamepad(paint, rng.choice((paint.palette.main, paint.palette.second)))


def flat_cartridge(paint: Paint, rng: Random) -> str:
    return group(cartridge(paint, rng), 0, 40)


def dice(paint: Paint, rng: Random) -> str:
    """Two dice from above."""
    red, white = paint.palette.second, paint.light
    return group(
        rect(-17, -17, 34, 34, white.hex, 7) + line("M-8-8h0M8 8h0M0 0h0M-8 8h0M8-8h0", paint.dark.hex, 6),
        -16,
        -8,
        rotate=-18,
    ) + group(
        rect(-17, -17, 34, 34, red.hex, 7) + line("M-8-8h0M8 8h0M0 0h0", white.hex, 6), 22, 16, rotate=24
    )


def headphones(paint: Paint, rng: Random) -> str:
    """Headphones that hang or lie."""
    color = paint.palette.accent
    return (
        line("M-24 44C-30-8 30-8 24 44", paint.fixture_color.hex, 6)
        + rect(-33, 36, 16, 32, paint.two_tone(color), 8)
        + rect(17, 36, 16, 32, paint.two_tone(color), 8)
    )


def sketch(paint: Paint, rng: Random) -> str:
    """A drawing of a hero that hangs on the wall."""
    return (
        rect(-24, 2, 48, 62, paint.light.hex, 2)
        + circle(0, 26, 9, paint.palette.second.hex)
        + path("M-13 54C-13 32 13 32 13 54Z", paint.palette.main.hex)
        + circle(0, 4, 4, paint.palette.accent.hex)
    )


STANDING = (arcade, handheld, gamepad, cartridge, crystal, mushroom, lantern, tower)
LYING = (flat_gamepad, flat_cartridge, dice, headphones)
HANGING = (sketch, headphones, headphones, sketch)
