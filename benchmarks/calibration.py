"""Share of stories that pass each check of `demo.realism`. Peer: the published figures in the checks. Limit: all pass.

A hundred seeds of each platform, one story each: the accounts that `demo_report --seed` checks, in English, with the
niches in rotation. A check that finds too few comments counts as passed.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime

from benchmarks.measurements import Measurement, Table
from demo import simulator
from demo.models import DemoAccount
from demo.realism.checks import CheckResult, run_checks
from demo.realism.sample import generate_sample
from demo.simulator.platforms import PLATFORM_FIGURES

UNTIL = datetime(2026, 3, 20, 12, tzinfo=UTC)
MIN_SHARE = 0.99  # of the seeds must pass
MAX_SHOWN = 6  # failures of a check on a platform


@dataclass(frozen=True)
class Size:
    seeds: int  # of each platform


FULL = Size(seeds=100)
SMALL = Size(seeds=1)


def run(size: Size) -> Iterator[Table]:
    passed: Counter[tuple[str, int]] = Counter()
    failed: dict[tuple[str, int], list[str]] = defaultdict(list)
    names = {}
    for platform, results in _results(size.seeds):
        for result in results:
            names[result.number] = result.name
            passed[platform, result.number] += result.passed is not False
            if result.passed is False:
                failed[platform, result.number].append(result.found)
    measurements = [_rates(f"{number} {name}", number, passed, size.seeds) for number, name in names.items()]
    yield Table(f"Stories of the reference model that pass, of {size.seeds} seeds each", measurements)
    if failed:
        yield Table("Checks that failed, and what they found", _failures(failed))


def _rates(name: str, number: int, passed: Counter[tuple[str, int]], seeds: int) -> Measurement:
    rates = ", ".join(f"{platform} {passed[platform, number]}" for platform in PLATFORM_FIGURES)
    met = all(passed[platform, number] >= MIN_SHARE * seeds for platform in PLATFORM_FIGURES)
    return Measurement(name, rates, f"{MIN_SHARE:.0%}", met)


def _failures(failed: dict[tuple[str, int], list[str]]) -> Iterator[Measurement]:
    for (platform, number), found in sorted(failed.items()):
        yield Measurement(f"{platform} {number}", "; ".join(found[:MAX_SHOWN]))


def _results(seeds: int) -> Iterator[tuple[str, list[CheckResult]]]:
    cases = [(platform, seed) for platform in PLATFORM_FIGURES for seed in range(seeds)]
    with ProcessPoolExecutor() as pool:
        yield from pool.map(_check_results, cases)


def _check_results(case: tuple[str, int]) -> tuple[str, list[CheckResult]]:
    platform, seed = case
    niche = simulator.niches("en")[seed % len(simulator.niches("en"))]
    brand = simulator.default_brand(seed, niche, "en")
    account = DemoAccount(seed=seed, platforms=[platform], niche=niche, brand=brand, language="en")
    return platform, run_checks(generate_sample(account.world, UNTIL))
