"""The geometry of curves of arrivals: SVG paths, the ticks of axes. Pure; called by `arrival_curves.py`.

A curve is drawn in a box of 100 by 100 units, which the page stretches.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import accumulate, pairwise

SIZE = 100.0
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
YEAR = 365 * DAY
STEPS = (  # between two ticks of an axis of time
    *(5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR),
    *(DAY, 2 * DAY, 5 * DAY, 7 * DAY, 14 * DAY, 30 * DAY, 60 * DAY, 90 * DAY, 180 * DAY),
    *(YEAR, 2 * YEAR, 5 * YEAR, 10 * YEAR, 20 * YEAR),
)

Point = tuple[float, float]


def rate_points(numbers: Sequence[int], top: int) -> list[Point]:
    """Return points in the middle of each interval, as high as its number; they begin at 0 and end as the last number."""
    width = SIZE / len(numbers)
    middles = [((index + 0.5) * width, _height(number, top)) for index, number in enumerate(numbers)]
    return [(0.0, SIZE), *middles, (SIZE, middles[-1][1])]


def total_points(numbers: Sequence[int], top: int) -> list[Point]:
    """Return points at the end of each interval, as high as the sum of the numbers up to there; they begin at 0."""
    width = SIZE / len(numbers)
    ends = [((index + 1) * width, _height(total, top)) for index, total in enumerate(accumulate(numbers))]
    return [(0.0, SIZE), *ends]


def line_path(points: Sequence[Point]) -> str:
    """Return the path of a smooth curve through the points.

    Between two points it stays between their heights (Fritsch and Butland 1984). It is flat at both ends.
    """
    slopes = [(y1 - y0) / (x1 - x0) for (x0, y0), (x1, y1) in pairwise(points)]
    tangents = [0.0, *(_tangent(before, after) for before, after in pairwise(slopes)), 0.0]
    curves = " ".join(_curves(points, tangents))
    return f"M{_pair(points[0])} {curves}"


def area_path(line: str) -> str:
    """Return the path of the area below a curve with that path."""
    return f"{line} L100,100 L0,100 Z"


def percent(part: float, whole: float) -> str:
    """Return a place or width as SVG writes it, such as "12.5%"."""
    return f"{_number(part / whole * SIZE, 2)}%"


def axis_top(most: int) -> int:
    """Return the smallest even number of one digit, and zeros, that is at least `most`; 2 is the least."""
    unit = 1
    while 10 * unit < most:
        unit *= 10
    return next(even * unit for even in (2, 4, 6, 8, 10) if even * unit >= most)


def tick_step(span: timedelta, max_ticks: int) -> timedelta:
    """Return the smallest of STEPS that divides the span by at most `max_ticks` ticks, the one at its start included."""
    return next((step for step in STEPS if span < max_ticks * step), STEPS[-1])


def _height(number: int, top: int) -> float:
    return SIZE - SIZE * number / top


def _tangent(before: float, after: float) -> float:
    """The harmonic mean of the slopes at both sides; 0 where the curve turns."""
    return 2 * before * after / (before + after) if before * after > 0 else 0.0


def _curves(points: Sequence[Point], tangents: Sequence[float]) -> Iterator[str]:
    """The cubic Bézier curves from point to point."""
    ends = zip(pairwise(points), pairwise(tangents), strict=True)
    for ((x0, y0), (x1, y1)), (slope0, slope1) in ends:
        third = (x1 - x0) / 3
        handles = (x0 + third, y0 + slope0 * third), (x1 - third, y1 - slope1 * third)
        yield f"C{_pair(handles[0])} {_pair(handles[1])} {_pair((x1, y1))}"


def _pair(point: Point) -> str:
    return ",".join(_number(one, 1) for one in point)


def _number(value: float, digits: int) -> str:
    return f"{value:.{digits}f}".rstrip("0").rstrip(".")
