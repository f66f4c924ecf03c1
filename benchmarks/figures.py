"""Timing, and tables of figures with their targets."""

import time
from collections.abc import Callable
from dataclasses import dataclass


def shortest(times: int, run: Callable, prepare: Callable[[], tuple] = tuple) -> float:
    """The shortest of several runs in seconds; `prepare` makes the arguments of each, outside the clock."""
    durations = []
    for _ in range(times):
        arguments = prepare()
        started = time.perf_counter()
        run(*arguments)
        durations.append(time.perf_counter() - started)
    return min(durations)


def durations(times: int, run: Callable[[], object]) -> list[float]:
    """The seconds of each of so many runs."""
    return [shortest(1, run) for _ in range(times)]


def p95(seconds: list[float]) -> float:
    """The 95th percentile."""
    return sorted(seconds)[int(len(seconds) * 0.95)]


@dataclass(frozen=True)
class Figure:
    """One line: what was measured, its value with a unit, and whether it meets its target (None: it has none)."""

    name: str
    value: str
    target: str = ""
    met: bool | None = None


def at_most(name: str, value: float, limit: float, unit: str = "") -> Figure:
    return Figure(name, f"{value:,.2f}{unit}", f"at most {limit:,g}{unit}", value <= limit)


def at_least(name: str, value: float, limit: float, unit: str = "") -> Figure:
    return Figure(name, f"{value:,.0f}{unit}", f"at least {limit:,g}{unit}", value >= limit)


def milliseconds(name: str, seconds: float) -> Figure:
    return Figure(name, f"{seconds * 1000:,.0f} ms")


def show(title: str, figures: list[Figure]) -> None:
    """Print the table, with a verdict on each target."""
    print(f"\n{title}")
    for figure in figures:
        verdict = "" if figure.met is None else f"   {figure.target}: {'met' if figure.met else 'MISSED'}"
        print(f"  {figure.name:<64}{figure.value:>14}{verdict}", flush=True)
