"""Timing of calls, and the tables of measurements that benchmarks yield and `benchmarks.runner` prints."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass


def min_seconds(runs: int, call: Callable, prepare: Callable[[], tuple] = tuple) -> float:
    """The minimum of `runs` runs in seconds; `prepare` makes the arguments of each, outside the measured time."""
    durations = []
    for _ in range(runs):
        arguments = prepare()
        started = time.perf_counter()
        call(*arguments)
        durations.append(time.perf_counter() - started)
    return min(durations)


def seconds_of_each(runs: int, call: Callable[[], object]) -> list[float]:
    """The seconds of each of `runs` runs."""
    return [min_seconds(1, call) for _ in range(runs)]


def p95(seconds: list[float]) -> float:
    """The 95th percentile."""
    return sorted(seconds)[int(len(seconds) * 0.95)]


@dataclass(frozen=True)
class Measurement:
    """One line: what was measured, its value with a unit, and whether it meets its target (None: it has none)."""

    name: str
    value: str
    target: str = ""
    met: bool | None = None


@dataclass(frozen=True)
class Table:
    """Measurements under a title, in the order in which they are printed."""

    title: str
    measurements: Iterable[Measurement]


def at_most(name: str, value: float, limit: float, unit: str = "") -> Measurement:
    return Measurement(name, f"{value:,.2f}{unit}", f"at most {limit:,g}{unit}", value <= limit)


def at_most_p95(name: str, runs: int, call: Callable[[], object], limit: float) -> Measurement:
    """The 95th percentile of the times of the runs, and its limit in milliseconds."""
    return at_most(name, p95(seconds_of_each(runs, call)) * 1_000, limit, " ms")


def at_least(name: str, value: float, limit: float, unit: str = "") -> Measurement:
    return Measurement(name, f"{value:,.0f}{unit}", f"at least {limit:,g}{unit}", value >= limit)


def milliseconds(name: str, seconds: float) -> Measurement:
    return Measurement(name, f"{seconds * 1000:,.0f} ms")


def print_table(table: Table, judged: bool) -> None:
    """Print the measurements, each beside its target, and whether that is met if it is to be judged."""
    print(f"\n{table.title}")
    for measurement in table.measurements:
        print(f"  {measurement.name:<64}{measurement.value:>14}{_verdict(measurement, judged)}", flush=True)


def _verdict(measurement: Measurement, judged: bool) -> str:
    if measurement.met is None:
        return ""
    verdict = "met" if measurement.met else "MISSED"
    return f"   {measurement.target}: {verdict if judged else 'not judged (small size)'}"
