"""How often stories of the reference model pass each check of `demo.realism`, over a hundred seeds of each platform.

Accounts are those that `demo_report --seed` judges; niches take turns, in English. A check that finds too few comments to
judge counts as passed.
"""

import os
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime

from benchmarks.figures import Figure, show
from demo import simulator
from demo.realism.checks import Verdict, judge
from demo.realism.sample import long_enough
from demo.simulator.platforms import PLATFORM_FIGURES

UNTIL = datetime(2026, 3, 20, 12, tzinfo=UTC)
SEEDS = int(os.environ.get("SEEDS", "100"))
LEAST = 0.99  # of the seeds must pass


def _judged(case: tuple[str, int]) -> tuple[str, list[Verdict]]:
    platform, seed = case
    niche = simulator.niches("en")[seed % len(simulator.niches("en"))]
    world = simulator.World(seed, (platform,), niche, simulator.default_brand(seed, niche, "en"), "en")
    return platform, judge(long_enough(world, UNTIL))


def verdicts() -> Iterator[tuple[str, list[Verdict]]]:
    cases = [(platform, seed) for platform in PLATFORM_FIGURES for seed in range(SEEDS)]
    with ProcessPoolExecutor() as pool:
        yield from pool.map(_judged, cases, chunksize=5)


def run() -> None:
    passed: Counter[tuple[str, int]] = Counter()
    failed: dict[tuple[str, int], list[str]] = defaultdict(list)
    names = {}
    for platform, judged in verdicts():
        for verdict in judged:
            names[verdict.number] = verdict.name
            passed[platform, verdict.number] += verdict.passed is not False
            if verdict.passed is False:
                failed[platform, verdict.number].append(verdict.found)
    figures = []
    for number, name in names.items():
        rates = ", ".join(f"{platform} {passed[platform, number]}" for platform in PLATFORM_FIGURES)
        met = all(passed[platform, number] >= LEAST * SEEDS for platform in PLATFORM_FIGURES)
        figures.append(Figure(f"{number} {name}", rates, f"{LEAST:.0%}", met))
    show(f"Stories of the reference model that pass, of {SEEDS} seeds each", figures)
    for (platform, number), found in sorted(failed.items()):
        print(f"  failed: {platform} {number}: {'; '.join(found[:6])}")
