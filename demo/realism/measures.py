"""Statistics of plain numbers: distances, fits, concentration, rhythm."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import exp, expm1, inf, log, sqrt
from statistics import fmean, pstdev


def distance_to_uniform(values: Sequence[float]) -> float:
    """The Kolmogorov-Smirnov distance of `values` to the uniform law on 0 to 1."""
    return distance(values, lambda value: min(max(value, 0.0), 1.0))


def distance(values: Sequence[float], share: Callable[[float], float]) -> float:
    """The Kolmogorov-Smirnov distance of `values` to the law of which `share` is below each value.

    Equal values, which whole characters bring, count as one step.
    """
    ordered, worst, place = sorted(values), 0.0, 0
    while place < len(ordered):
        value, below = ordered[place], place
        while place < len(ordered) and ordered[place] == value:
            place += 1
        expected = share(value)
        worst = max(worst, abs(expected - below / len(ordered)), abs(expected - place / len(ordered)))
    return worst


def truncated_weibull(ages: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Shape and scale of the Weibull law by maximum likelihood, of pairs (age, age at the end of observation).

    Each age is known to lie below its end, so that young pieces do not bend the fit.
    """
    low, high = 0.3, 1.6
    for _ in range(14):
        third = (high - low) / 3
        if _likelihood(ages, low + third) < _likelihood(ages, high - third):
            low += third
        else:
            high -= third
    shape = (low + high) / 2
    return shape, _rate(*_powers(ages, shape)) ** (-1 / shape)


def _powers(ages: Sequence[tuple[float, float]], shape: float) -> tuple[list[float], list[float]]:
    return [age**shape for age, _ in ages], [end**shape for _, end in ages]


def _likelihood(ages: Sequence[tuple[float, float]], shape: float) -> float:
    """The log-likelihood of a shape with the rate that suits it best."""
    powers, ends = _powers(ages, shape)
    rate = _rate(powers, ends)
    fit = (
        len(ages) * log(shape * rate)
        - rate * sum(powers)
        - sum(log(max(-expm1(-rate * end), 1e-12)) for end in ends)
    )
    return fit + (shape - 1) * sum(log(age) for age, _ in ages)


def _rate(powers: Sequence[float], ends: Sequence[float]) -> float:
    """The rate of truncated exponential laws, by halving its score."""
    mean = fmean(powers)
    low, high = -9.0 - log(mean), 3.0 - log(mean)
    for _ in range(16):
        middle = (low + high) / 2
        rate = exp(middle)
        score = 1 / rate - mean - fmean([end / _growth(rate * end) for end in ends])
        low, high = (middle, high) if score > 0 else (low, middle)
    return exp((low + high) / 2)


def _growth(value: float) -> float:
    return expm1(value) if value < 700 else inf


def gini(counts: Sequence[float]) -> float:
    """How unequal counts are: 0 all equal, 1 all with one."""
    ordered, total = sorted(counts), sum(counts)
    if not total:
        return 0.0
    return 2 * sum((rank + 1) * count for rank, count in enumerate(ordered)) / (len(ordered) * total) - (
        len(ordered) + 1
    ) / len(ordered)


def top_share(counts: Sequence[float], share: float) -> float:
    """What the greatest `share` of the counts have of their sum."""
    ordered = sorted(counts, reverse=True)
    most = ordered[: max(round(share * len(ordered)), 1)]
    return sum(most) / sum(ordered) if sum(ordered) else 0.0


def fano(counts: Sequence[float]) -> float:
    """Variance over mean; 1 for a Poisson process."""
    return pstdev(counts) ** 2 / fmean(counts) if any(counts) else 0.0


def burstiness(times: Sequence[float]) -> float:
    """Kim and Jo's burstiness of a finite sequence of times: -1 regular, 0 Poisson, 1 bursts only."""
    gaps = [later - earlier for earlier, later in pairwise(times)]
    if len(gaps) < 2 or fmean(gaps) == 0:
        return 0.0
    ratio, count = pstdev(gaps) / fmean(gaps), len(gaps)
    more, less = sqrt(count + 1), sqrt(count - 1)
    return (more * ratio - less) / ((more - 2) * ratio + less)
