"""A report on how believable a story is: plots beside their references, and the verdict of each check."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import exp, log
from statistics import NormalDist
from zoneinfo import ZoneInfo

from demo.realism import plots
from demo.realism.checks import LETTERS, Verdict, intents, judge, measured_shares, plain
from demo.realism.sample import Sample
from demo.simulator.platforms import SOURCES

AGES = ((0.1, "6 min"), (1, "1 h"), (6, "6 h"), (24, "1 d"), (168, "7 d"), (720, "30 d"))  # hours


@dataclass(frozen=True)
class Plot:
    """One plot with what it shows and where its reference comes from."""

    title: str
    explanation: str
    source: str
    svg: str


@dataclass(frozen=True)
class Section:
    """One platform."""

    platform: str
    pieces: int
    comments: int
    verdicts: Sequence[Verdict]
    plots: Sequence[Plot]
    repeated: Sequence[tuple[str, int]]

    @property
    def passed(self) -> int:
        return sum(verdict.passed is True for verdict in self.verdicts)

    @property
    def judged(self) -> int:
        return sum(verdict.passed is not None for verdict in self.verdicts)


def cited(source: str) -> str:
    """A source's key and what it stands for."""
    return f"{source}: {SOURCES[source]}"


def section(sample: Sample) -> Section:
    """Everything about one platform's part of a story."""
    drawn = (arrivals, hours_of_the_week, reference_hours, per_piece, lengths, shares, commenters)
    texts = Counter(plain(event.text) for event in sample.comments)
    repeated = [(text, count) for text, count in texts.most_common(12) if count > 1]
    found = [plot(sample) for plot in drawn] if sample.comments else []
    return Section(sample.platform, len(sample.pieces), len(sample.comments), judge(sample), found, repeated)


def arrivals(sample: Sample) -> Plot:
    """The share of first-level comments that had come by each age."""
    figures, ages = sample.figures, sample.ages()
    low, high = log(AGES[0][0]), log(AGES[-1][0])
    grid = [exp(low + (high - low) * step / 120) for step in range(121)]
    came = sorted(age for age, _ in ages)
    whole = [1 - figures.left(end) for _, end in ages]
    found, expected, place = [], [], 0
    for step, age in enumerate(grid):
        while place < len(came) and came[place] <= age:
            place += 1
        share = 1 - figures.left(age)
        found.append((step / 120, place / max(len(came), 1)))
        expected.append((step / 120, sum(min(share / one, 1.0) for one in whole) / max(len(whole), 1)))
    ticks = [((log(age) - low) / (high - low), label) for age, label in AGES]
    explanation = (
        f"Share of first-level comments that had come by each age of their piece, in hours of the audience. Line: Weibull,"
        f" half-life {figures.half_life:g} h, shape {figures.shape:g}, cut off where the story ends."
    )
    return Plot(
        "Arrivals", explanation, cited(figures.half_life.source), plots.curves(found, expected, ticks)
    )


def hours_of_the_week(sample: Sample) -> Plot:
    zone = ZoneInfo(sample.world.time_zone)
    counts = Counter(
        (at.weekday(), at.hour) for at in (event.at.astimezone(zone) for event in sample.comments)
    )
    shares = [[float(counts[day, hour]) for hour in range(24)] for day in range(7)]
    explanation = f"Comments by weekday and hour in {sample.world.time_zone}."
    return Plot("Hours of the week", explanation, "Reference: the next plot.", plots.week(shares))


def reference_hours(sample: Sample) -> Plot:
    curve = sample.figures.hours
    shares = [[hour * day for hour in curve.hours] for day in curve.weekdays]
    return Plot("The audience's week", "How active the audience is.", cited(curve.source), plots.week(shares))


def per_piece(sample: Sample) -> Plot:
    """Comments of each piece, the most first, beside the log-normal law's quantiles."""
    counts = sorted((len(times) for times in sample.per_piece.values()), reverse=True)
    figures, number = sample.figures, len(counts)
    law, heard = NormalDist(0, figures.spread), max(round(number * (1 - figures.silent)), 1)
    raw = [exp(law.inv_cdf(1 - (rank + 0.5) / heard)) if rank < heard else 0.0 for rank in range(number)]
    expected = [value * sum(counts) / sum(raw) for value in raw]
    explanation = (
        f"Comments of each piece, the most first. Line: log-normal with sd {figures.spread:g} of the logarithm, and"
        f" {figures.silent:.0%} of the pieces without any. The pieces differ in age, the line does not."
    )
    return Plot(
        "Comments per piece",
        explanation,
        cited(figures.spread.source),
        plots.bars(counts, expected, [""] * number),
    )


def lengths(sample: Sample) -> Plot:
    figures = sample.figures
    found = [len(event.text) for event in sample.comments if LETTERS.search(event.text)]
    edges = [2 ** (step / 2) for step in range(2, 20)]
    law = NormalDist(log(figures.length), figures.length_sigma)
    shares = [
        sum(low <= length < high for length in found) / max(len(found), 1) for low, high in pairwise(edges)
    ]
    expected = [law.cdf(log(high)) - law.cdf(log(low)) for low, high in pairwise(edges)]
    labels = [f"{edge:.0f}" if step % 2 == 0 else "" for step, edge in enumerate(edges[:-1])]
    explanation = (
        f"Characters of texts with letters. Line: log-normal, median {figures.length:g}, sd of the logarithm"
        f" {figures.length_sigma:g}."
    )
    svg = plots.bars([100 * share for share in shares], [100 * share for share in expected], labels, " %")
    return Plot("Lengths of texts", explanation, cited(figures.length.source), svg)


def shares(sample: Sample) -> Plot:
    explanation = "Share found, and in brackets and as a mark the share to be expected."
    source = "P3, M6, P4, M7; intents: our assumption"
    rows = intents(sample) + measured_shares(sample) if sample.direct else []
    return Plot("Emoji, questions, intents and sentiment", explanation, source, plots.pairs(rows))


def commenters(sample: Sample) -> Plot:
    authors = Counter(event.author for event in sample.comments if event.author)
    once = sum(count == 1 for count in authors.values()) / max(len(authors), 1)
    rows = [(f"{author.name} @{author.handle}"[:28], count) for author, count in authors.most_common(12)]
    explanation = f"Those who say most, of {len(authors)} people, of whom {once:.0%} say one thing."
    return Plot("Regulars", explanation, cited("A"), plots.counts(rows))
