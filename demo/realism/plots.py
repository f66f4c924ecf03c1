"""Small plots as inline SVG without external files: measured values beside expected ones. Called by report.py."""

from collections.abc import Sequence
from html import escape

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 520, 220, 44, 28, 10
Points = Sequence[tuple[float, float]]


def curves(found: Points, expected: Points, ticks: Sequence[tuple[float, str]]) -> str:
    """Two curves. x is between 0 and 1, with labelled ticks; y is between 0 and 1 and shown as per cent."""
    marks = [_text(_x(x), HEIGHT - 8, label, "middle") for x, label in ticks]
    grid = [_line(_y(share), f"{share:.0%}") for share in (0, 0.25, 0.5, 0.75, 1)]
    return _svg([*grid, *marks, _path(expected, "expected"), _path(found, "found")])


def bars(found: Sequence[float], expected: Sequence[float], labels: Sequence[str], unit: str = "") -> str:
    """A bar per measured value, and a line through the expected ones; labels may be empty."""
    maximum = max([*found, *expected, 1e-9])
    width = (WIDTH - LEFT) / max(len(found), 1)
    parts = [_line(_y(share), f"{share * maximum:,.3g}{unit}") for share in (0, 0.5, 1)]
    for index, value in enumerate(found):
        x = LEFT + index * width
        parts.append(
            _rect(x + width * 0.1, _y(value / maximum), width * 0.8, _y(0) - _y(value / maximum), "bar")
        )
    for index, label in enumerate(labels):
        parts.append(_text(LEFT + (index + 0.5) * width, HEIGHT - 8, label, "middle"))
    middles = [((index + 0.5) / len(expected), value / maximum) for index, value in enumerate(expected)]
    return _svg([*parts, _path(middles, "expected")])


def pairs(rows: Sequence[tuple[str, float, float]]) -> str:
    """Per row (label, measured share, expected share) a bar and a mark."""
    maximum = max([0.01, *(share for _, *shares in rows for share in shares)])
    parts = []
    for index, (label, found, expected) in enumerate(rows):
        y = TOP + index * 22
        scale = (WIDTH - 220) / maximum
        parts.append(_text(104, y + 12, label, "end"))
        parts.append(_rect(112, y + 2, found * scale, 13, "bar"))
        parts.append(_rect(112 + expected * scale - 1, y - 1, 2, 19, "mark"))
        parts.append(
            _text(118 + max(found, expected) * scale, y + 12, f"{found:.1%} ({expected:.1%})", "start")
        )
    return _svg(parts, TOP + 22 * len(rows) + 4)


def counts(rows: Sequence[tuple[str, int]]) -> str:
    """A bar per row (label, count), with the count."""
    maximum = max([1, *(count for _, count in rows)])
    parts = []
    for index, (label, count) in enumerate(rows):
        y = TOP + index * 18
        length = count / maximum * (WIDTH - 220)
        parts += [_text(164, y + 11, label, "end"), _rect(172, y + 1, length, 12, "bar")]
        parts.append(_text(178 + length, y + 11, str(count), "start"))
    return _svg(parts, TOP + 18 * len(rows) + 4)


def week(values: Sequence[Sequence[float]]) -> str:
    """A heat map of seven rows (Monday to Sunday) of 24 values."""
    maximum = max([1e-9, *(value for day in values for value in day)])
    cell = (WIDTH - LEFT) / 24
    parts = []
    for row, day in enumerate(values):
        parts.append(
            _text(LEFT - 6, TOP + row * 20 + 14, ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")[row], "end")
        )
        for hour, value in enumerate(day):
            style = f' style="opacity:{0.06 + 0.94 * value / maximum:.3f}"'
            parts.append(_rect(LEFT + hour * cell, TOP + row * 20, cell - 1, 19, "bar", style))
    hours = [_text(LEFT + (hour + 0.5) * cell, TOP + 156, str(hour), "middle") for hour in range(0, 24, 3)]
    return _svg([*parts, *hours], TOP + 164)


def _x(share: float) -> float:
    return LEFT + share * (WIDTH - LEFT - 20)


def _y(share: float) -> float:
    return HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP)


def _path(points: Points, name: str) -> str:
    steps = " ".join(f"{_x(x):.1f},{_y(y):.1f}" for x, y in points)
    return f'<polyline class="{name}" points="{steps}"/>'


def _line(y: float, label: str) -> str:
    return f'<line class="grid" x1="{LEFT}" x2="{WIDTH}" y1="{y:.1f}" y2="{y:.1f}"/>' + _text(
        LEFT - 6, y + 4, label, "end"
    )


def _rect(x: float, y: float, width: float, height: float, name: str, style: str = "") -> str:
    return f'<rect class="{name}" x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" height="{max(height, 0):.1f}"{style}/>'


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _svg(parts: Sequence[str], height: float = HEIGHT) -> str:
    return f'<svg viewBox="0 0 {WIDTH} {height:.0f}" role="img">{"".join(parts)}</svg>'
