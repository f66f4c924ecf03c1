"""Statistics of plain numbers: distances, fits, concentration, burstiness. Called by checks.py and sample.py."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import exp, expm1, inf, log, sqrt
from statistics import fmean, pstdev


def distance_to_uniform(values: Sequence[float]) -> float:
    """The Kolmogorov-Smirnov distance of `values` to the uniform distribution on [0, 1]."""
    return ks_distance(values, lambda value: min(max(value, 0.0), 1.0))


def ks_distance(values: Sequence[float], cdf: Callable[[float], float]) -> float:
    """The Kolmogorov-Smirnov distance of `values` to a distribution, given its cumulative distribution function.

    Equal values are one step of the empirical distribution.
    """
    ordered = sorted(values)
    worst = 0.0
    index = 0
    while index < len(ordered):
        value = ordered[index]
        below = index
        while index < len(ordered) and ordered[index] == value:
            index += 1
        expected = cdf(value)
        worst = max(worst, abs(expected - below / len(ordered)), abs(expected - index / len(ordered)))
    return worst


def truncated_weibull(ages: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Shape and scale of a Weibull distribution by maximum likelihood, from pairs (age, age at the end of observation).

    The likelihood is truncated at each end, so that young posts do not bias the fit.
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
    """The log-likelihood of a shape with the best rate for it."""
    powers, ends = _powers(ages, shape)
    rate = _rate(powers, ends)
    fit = (
        len(ages) * log(shape * rate)
        - rate * sum(powers)
        - sum(log(max(-expm1(-rate * end), 1e-12)) for end in ends)
    )
    return fit + (shape - 1) * sum(log(age) for age, _ in ages)


def _rate(powers: Sequence[float], ends: Sequence[float]) -> float:
    """The maximum-likelihood rate of truncated exponential distributions, by bisection of the score."""
    mean = fmean(powers)
    low, high = -9.0 - log(mean), 3.0 - log(mean)
    for _ in range(16):
        middle = (low + high) / 2
        rate = exp(middle)
        score = 1 / rate - mean - fmean([end / _expm1_or_inf(rate * end) for end in ends])
        low, high = (middle, high) if score > 0 else (low, middle)
    return exp((low + high) / 2)


def _expm1_or_inf(value: float) -> float:
    return expm1(value) if value < 700 else inf


def gini(counts: Sequence[float]) -> float:
    """The Gini coefficient: 0 when all counts are equal, towards 1 when one has everything."""
    ordered = sorted(counts)
    total = sum(counts)
    if not total:
        return 0.0
    return 2 * sum((rank + 1) * count for rank, count in enumerate(ordered)) / (len(ordered) * total) - (
        len(ordered) + 1
    ) / len(ordered)


def top_share(counts: Sequence[float], fraction: float) -> float:
    """The share of the sum that the greatest `fraction` of the counts have."""
    ordered = sorted(counts, reverse=True)
    top = ordered[: max(round(fraction * len(ordered)), 1)]
    return sum(top) / sum(ordered) if sum(ordered) else 0.0


def fano(counts: Sequence[float]) -> float:
    """The Fano factor, variance over mean; 1 for a Poisson process."""
    return pstdev(counts) ** 2 / fmean(counts) if any(counts) else 0.0


def burstiness(times: Sequence[float]) -> float:
    """Kim and Jo's burstiness of a finite sequence of times: -1 for regular, 0 for Poisson, 1 for bursts only."""
    gaps = [later - earlier for earlier, later in pairwise(times)]
    if len(gaps) < 2 or fmean(gaps) == 0:
        return 0.0
    ratio = pstdev(gaps) / fmean(gaps)
    count = len(gaps)
    more, less = sqrt(count + 1), sqrt(count - 1)
    return (more * ratio - less) / ((more - 2) * ratio + less)
