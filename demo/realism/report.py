"""The realism report of a story: plots with their references, and the result of each check. Called by demo_report."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import exp, log
from statistics import NormalDist
from zoneinfo import ZoneInfo

from demo.realism import plots
from demo.realism.checks import (
    LETTERS,
    CheckResult,
    emoji_and_sentiment_shares,
    intent_shares,
    normalised,
    run_checks,
)
from demo.realism.sample import Sample
from demo.simulator.platforms import SOURCES

AGES = ((0.1, "6 min"), (1, "1 h"), (6, "6 h"), (24, "1 d"), (168, "7 d"), (720, "30 d"))  # hours


@dataclass(frozen=True)
class Plot:
    """One plot with an explanation and the source of its reference."""

    title: str
    explanation: str
    source: str
    svg: str


@dataclass(frozen=True)
class Section:
    """The report on one platform."""

    platform: str
    posts: int
    comments: int
    results: Sequence[CheckResult]
    plots: Sequence[Plot]
    repeated: Sequence[tuple[str, int]]  # texts and how often they occur

    @property
    def passed(self) -> int:
        return sum(result.passed is True for result in self.results)

    @property
    def checked(self) -> int:
        return sum(result.passed is not None for result in self.results)


def cited(source: str) -> str:
    """A source's key with its explanation."""
    return f"{source}: {SOURCES[source]}"


def section(sample: Sample) -> Section:
    """The report on the sample's platform; without plots when there is no comment."""
    texts = Counter(normalised(event.text) for event in sample.comments)
    repeated = [(text, count) for text, count in texts.most_common(12) if count > 1]
    drawn = [plot(sample) for plot in PLOTS] if sample.comments else []
    return Section(
        sample.platform, len(sample.posts), len(sample.comments), run_checks(sample), drawn, repeated
    )


def arrivals(sample: Sample) -> Plot:
    """The share of first-level comments that arrived up to each age of their post."""
    figures = sample.figures
    ages = sample.ages()
    low, high = log(AGES[0][0]), log(AGES[-1][0])
    grid = [exp(low + (high - low) * step / 120) for step in range(121)]
    sorted_ages = sorted(age for age, _ in ages)
    observed = [1 - figures.remaining_share(end) for _, end in ages]  # of each post's lifetime comments
    found, expected = [], []
    for step, age in enumerate(grid):
        share = 1 - figures.remaining_share(age)
        found.append((step / 120, bisect_right(sorted_ages, age) / max(len(ages), 1)))
        expected.append((step / 120, sum(min(share / end, 1.0) for end in observed) / max(len(ages), 1)))
    ticks = [((log(age) - low) / (high - low), label) for age, label in AGES]
    explanation = (
        f"Share of first-level comments that arrived up to each age of their post, in audience hours. Line: Weibull,"
        f" half-life {figures.half_life:g} h, shape {figures.weibull_shape:g}, truncated at the end of the story."
    )
    return Plot(
        "Arrivals", explanation, cited(figures.half_life.source), plots.curves(found, expected, ticks)
    )


def hours_of_the_week(sample: Sample) -> Plot:
    zone = ZoneInfo(sample.world.time_zone)
    counts = Counter(
        (at.weekday(), at.hour) for at in (event.at.astimezone(zone) for event in sample.comments)
    )
    values = [[float(counts[day, hour]) for hour in range(24)] for day in range(7)]
    explanation = f"Comments by weekday and hour in {sample.world.time_zone}."
    return Plot("Hours of the week", explanation, "Reference: the next plot.", plots.week(values))


def reference_activity(sample: Sample) -> Plot:
    activity = sample.figures.activity
    values = [[hour * day for hour in activity.hours] for day in activity.weekdays]
    source = cited(activity.source)
    return Plot("Activity of the audience", "Reference, by weekday and hour.", source, plots.week(values))


def comments_per_post(sample: Sample) -> Plot:
    """The number of comments of each post in descending order, with the quantiles of the log-normal distribution."""
    counts = sorted(sample.comment_counts, reverse=True)
    figures = sample.figures
    posts = len(counts)
    normal = NormalDist(0, figures.comments_sigma)
    commented = max(round(posts * (1 - figures.no_comments)), 1)
    quantiles = [exp(normal.inv_cdf(1 - (rank + 0.5) / commented)) for rank in range(min(commented, posts))]
    quantiles += [0.0] * (posts - len(quantiles))
    expected = [quantile * sum(counts) / sum(quantiles) for quantile in quantiles]
    explanation = (
        f"Comments of each post in descending order. Line: log-normal with sd {figures.comments_sigma:g} of the logarithm,"
        f" and {figures.no_comments:.0%} of the posts without any. The line assumes posts of equal age."
    )
    return Plot(
        "Comments per post",
        explanation,
        cited(figures.comments_sigma.source),
        plots.bars(counts, expected, [""] * posts),
    )


def lengths(sample: Sample) -> Plot:
    figures = sample.figures
    found = [len(event.text) for event in sample.comments if LETTERS.search(event.text)]
    edges = [2 ** (step / 2) for step in range(2, 20)]
    normal = NormalDist(log(figures.median_length), figures.length_sigma)
    shares = [
        sum(low <= length < high for length in found) / max(len(found), 1) for low, high in pairwise(edges)
    ]
    expected = [normal.cdf(log(high)) - normal.cdf(log(low)) for low, high in pairwise(edges)]
    labels = [f"{edge:.0f}" if step % 2 == 0 else "" for step, edge in enumerate(edges[:-1])]
    explanation = (
        f"Characters per text with letters. Line: log-normal, median {figures.median_length:g}, sd of the logarithm"
        f" {figures.length_sigma:g}."
    )
    svg = plots.bars([100 * share for share in shares], [100 * share for share in expected], labels, " %")
    return Plot("Lengths of texts", explanation, cited(figures.median_length.source), svg)


def text_shares(sample: Sample) -> Plot:
    explanation = "Bar: measured share. Mark, and in brackets: expected share."
    source = "P3, M6, P4, M7; intents: our assumption"
    rows = intent_shares(sample) + emoji_and_sentiment_shares(sample) if sample.first_level else []
    return Plot("Emoji, questions, intents and sentiment", explanation, source, plots.pairs(rows))


def frequent_commenters(sample: Sample) -> Plot:
    authors = Counter(event.author for event in sample.comments if event.author)
    once = sum(count == 1 for count in authors.values()) / max(len(authors), 1)
    rows = [(f"{author.name} @{author.handle}"[:28], count) for author, count in authors.most_common(12)]
    explanation = f"The most frequent of {len(authors)} commenters; {once:.0%} of all wrote once."
    return Plot("Frequent commenters", explanation, cited("A"), plots.counts(rows))


PLOTS: tuple[Callable[[Sample], Plot], ...] = (
    arrivals,
    hours_of_the_week,
    reference_activity,
    comments_per_post,
    lengths,
    text_shares,
    frequent_commenters,
)
