"""Writes SVG elements as short texts. Pure; used by everything that draws."""

from collections.abc import Iterable


class UnknownPicture(Exception):
    """There is no picture of what an address names."""


def document(width: float, height: float, content: str) -> str:
    """The file. It has no width and height, so that pages decide its size."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {number(width)} {number(height)}"'
        f' stroke-linecap="round" stroke-linejoin="round">{content}</svg>'
    )


def number(value: float) -> str:
    """The number with at most one decimal, as short as possible."""
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def _attributes(more: dict[str, object]) -> str:
    return "".join(
        f' {name.replace("_", "-")}="{number(value) if isinstance(value, int | float) else value}"'
        for name, value in more.items()
    )


def path(data: str, fill: str = "none", **more: object) -> str:
    return f'<path d="{data}" fill="{fill}"{_attributes(more)}/>'


def line(data: str, stroke: str, width: float = 2, **more: object) -> str:
    """A path that is stroked and not filled."""
    return (
        f'<path d="{data}" fill="none" stroke="{stroke}" stroke-width="{number(width)}"{_attributes(more)}/>'
    )


def circle(x: float, y: float, r: float, fill: str, **more: object) -> str:
    return f'<circle cx="{number(x)}" cy="{number(y)}" r="{number(r)}" fill="{fill}"{_attributes(more)}/>'


def ellipse(x: float, y: float, rx: float, ry: float, fill: str, **more: object) -> str:
    return (
        f'<ellipse cx="{number(x)}" cy="{number(y)}" rx="{number(rx)}" ry="{number(ry)}" fill="{fill}"'
        f"{_attributes(more)}/>"
    )


def rect(x: float, y: float, width: float, height: float, fill: str, r: float = 0, **more: object) -> str:
    rounded = f' rx="{number(r)}"' if r else ""
    return (
        f'<rect x="{number(x)}" y="{number(y)}" width="{number(width)}" height="{number(height)}"{rounded}'
        f' fill="{fill}"{_attributes(more)}/>'
    )


def group(
    content: str, x: float = 0, y: float = 0, scale: float = 1, rotate: float = 0, **more: object
) -> str:
    """The content moved to (x, y), then rotated by degrees, then scaled."""
    steps = f"translate({number(x)} {number(y)})"
    if rotate:
        steps += f"rotate({number(rotate)})"
    if scale != 1:
        steps += f"scale({scale:.3g})"
    return f'<g transform="{steps}"{_attributes(more)}>{content}</g>'


def points(pairs: Iterable[tuple[float, float]]) -> str:
    """The data of a path of straight lines through the points."""
    return "M" + "L".join(f"{number(x)} {number(y)}" for x, y in pairs)
