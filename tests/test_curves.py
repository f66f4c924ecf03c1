"""The paths and axes of curves. Pure."""

import re
from datetime import timedelta

import pytest

from interactions.pages.curves import (
    area_path,
    axis_top,
    line_path,
    percent,
    rate_points,
    tick_step,
    total_points,
)

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def points_of(path: str) -> list[tuple[float, float]]:
    """The ends of a path's curves."""
    ends = re.findall(r"M(\S+)|C\S+ \S+ (\S+)", path)
    return [tuple(float(one) for one in (first or later).split(",")) for first, later in ends]


def test_points_of_a_rate_are_in_the_middle_of_each_interval():
    assert rate_points([4, 0, 1, 2], 4) == [
        (0, 100),
        (12.5, 0),
        (37.5, 100),
        (62.5, 75),
        (87.5, 50),
        (100, 50),
    ]
    assert rate_points([3], 3) == [(0, 100), (50, 0), (100, 0)]


def test_points_of_a_total_are_at_the_end_of_each_interval():
    assert total_points([1, 0, 3], 4) == [
        (0, 100),
        (pytest.approx(100 / 3), 75),
        (pytest.approx(200 / 3), 75),
        (100, 0),
    ]


def test_a_line_goes_through_its_points_and_an_area_closes_at_the_base():
    points = rate_points([4, 0, 1, 2], 4)
    line = line_path(points)
    assert points_of(line) == points
    assert area_path(line) == f"{line} L100,100 L0,100 Z"


def test_a_line_between_two_points_stays_between_their_heights():
    numbers = [0, 9, 1, 1, 0, 30, 29, 2, 0, 0, 7]
    points = rate_points(numbers, 30)
    handles = re.findall(r"C(\S+) (\S+) (\S+)", line_path(points))
    for (_, before), (_, after), curve in zip(points, points[1:], handles, strict=False):
        for one in curve[:2]:
            height = float(one.split(",")[1])
            assert min(before, after) - 0.1 <= height <= max(before, after) + 0.1


def test_a_total_never_falls():
    heights = [height for _, height in points_of(line_path(total_points([3, 0, 0, 9, 1], 20)))]
    assert heights == sorted(heights, reverse=True)


@pytest.mark.parametrize(
    ("most", "top"),
    [(1, 2), (2, 2), (3, 4), (7, 8), (9, 10), (10, 10), (11, 20), (101, 200), (850, 1_000), (4_001, 6_000)],
)
def test_an_axis_ends_at_an_even_round_number(most, top):
    assert axis_top(most) == top


@pytest.mark.parametrize(
    ("span", "step"),
    [
        (25 * timedelta(minutes=1), timedelta(minutes=5)),
        (25 * HOUR, 6 * HOUR),
        (2 * DAY, 12 * HOUR),
        (7 * DAY, 2 * DAY),
        (30 * DAY, 5 * DAY),
        (58 * 365 * DAY, 10 * 365 * DAY),
    ],
)
def test_an_axis_of_time_has_at_most_seven_ticks(span, step):
    assert tick_step(span, 7) == step


def test_places_are_percentages():
    assert [percent(part, 48) for part in (0, 1, 12, 48)] == ["0%", "2.08%", "25%", "100%"]
