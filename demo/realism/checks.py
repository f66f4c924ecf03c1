"""The fourteen checks that a believable story passes, each with its band and where that comes from.

Bands are the reference figures, widened where noted to what 99 of 100 stories of the reference model show; `python -m
benchmarks calibration` prints the rates. Tolerances are fixed: with thousands of events any test of significance
rejects.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from math import log, sqrt
from statistics import NormalDist, fmean, median

from demo.realism import measures
from demo.realism.sample import Sample
from demo.simulator.texts import leaning

LETTERS = re.compile(r"[^\W\d_]")
WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
EMOJI = re.compile("[\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff\u2764\u263a]")
MIN_COMMENTS = 150  # of the first level, below which an account says too little by itself
ENOUGH_COMMENTS = 500  # below which some of 100 stories fail a check of shares or of hours by chance,
MANY_COMMENTS = 1_000  # and below which some fail one of tails
MIN_PIECES = 60


@dataclass(frozen=True)
class Verdict:
    """What one check found. `passed` is None when the story is too short to say."""

    number: int
    name: str
    found: str
    wanted: str
    source: str
    passed: bool | None


Measure = Callable[[Sample], tuple[str, str, bool]]
Check = Callable[[Sample], Verdict]
CHECKS: list[Check] = []


def check(
    number: int, name: str, source: str, comments: int = MIN_COMMENTS, pieces: int = 0
) -> Callable[[Measure], Check]:
    """Register a function that returns what was found, what is wanted and whether it passed.

    A story with fewer first-level comments or pieces is not judged.
    """

    def register(measure: Measure) -> Check:
        def judged(sample: Sample) -> Verdict:
            if len(sample.quiet) < comments or len(sample.pieces) < pieces:
                found = f"{len(sample.quiet)} first-level comments, {len(sample.pieces)} pieces"
                return Verdict(number, name, found, f"at least {comments} and {pieces}", source, None)
            found, wanted, passed = measure(sample)
            return Verdict(number, name, found, wanted, source, passed)

        CHECKS.append(judged)
        return judged

    return register


def judge(sample: Sample) -> list[Verdict]:
    """All fourteen verdicts."""
    return [one(sample) for one in CHECKS]


@check(1, "Ages of comments follow the kernel", "S1, M1, M5")
def kernel(sample: Sample) -> tuple[str, str, bool]:
    figures = sample.figures
    shares = [(1 - figures.left(age)) / (1 - figures.left(end)) for age, end in sample.ages()]
    found, most = measures.distance_to_uniform(shares), max(0.06, 1.63 / sqrt(len(shares)))
    return f"KS {found:.3f}", f"at most {most:.3f}", found <= most


@check(2, "Weibull shape of the ages", "M1", comments=300)
def shape(sample: Sample) -> tuple[str, str, bool]:
    found, _ = sample.weibull
    return f"{found:.2f}", "0.50 to 0.72", 0.50 <= found <= 0.72


@check(3, "Half-life of the comments", "S1, M1", comments=MANY_COMMENTS)
def half_life(sample: Sample) -> tuple[str, str, bool]:
    shape, scale = sample.weibull
    found, wanted = scale * log(2) ** (1 / shape), sample.figures.half_life
    most = sample.figures.half_life_tolerance
    return f"{found:.2f} h", f"{wanted:.2f} h, {most:.0%} off at most", abs(found / wanted - 1) <= most


@check(4, "Gini of comments per piece", "M2, M3", pieces=MIN_PIECES)
def inequality(sample: Sample) -> tuple[str, str, bool]:
    found = measures.gini([len(times) for times in sample.per_piece.values()])
    low, high = sample.figures.gini
    return f"{found:.2f}", f"{low} to {high}", low <= found <= high


@check(5, "A few pieces draw most", "M2, M3", pieces=MIN_PIECES)
def concentration(sample: Sample) -> tuple[str, str, bool]:
    counts = [len(times) for times in sample.per_piece.values()]
    ratio, top = measures.fano(counts), measures.top_share(counts, 0.2)
    found = f"variance/mean {ratio:.1f}, top fifth {top:.0%}"
    return found, "over 5; 45 % to 96 %", ratio > 5 and 0.45 <= top <= 0.96


@check(6, "Hours of the day", "M5", comments=ENOUGH_COMMENTS)
def hours(sample: Sample) -> tuple[str, str, bool]:
    observed = Counter(sample.local_hour(event.at) for event in sample.quiet)
    total, expected = sum(observed.values()), expected_hours(sample)
    variation = sum(abs(observed[hour] / total - expected[hour]) for hour in range(24)) / 2
    every = [sample.local_hour(event.at) for event in sample.comments]
    night = sum(hour < 6 for hour in every) / len(every)
    low, most = sample.figures.min_night, sample.figures.max_hour_variation
    found = f"variation {variation:.3f}, 00-06 h {night:.1%}"
    return found, f"at most {most}; {low:.1%} to 10 %", variation <= most and low <= night <= 0.10


def expected_hours(sample: Sample) -> list[float]:
    """The shares of the local hours that posting times, kernel and the audience's curve lead one to expect."""
    counts = Counter(event.content_id for event in sample.quiet)
    expected = [0.0] * 24
    for piece_id, count in counts.items():
        piece = sample.by_id[piece_id or ""]
        masses = list(_hourly(sample, piece.at))
        total = sum(mass for _, mass in masses)
        for hour, mass in masses:
            expected[hour] += count * mass / total
    return [share / sum(expected) for share in expected]


def _hourly(sample: Sample, published: datetime) -> Iterable[tuple[int, float]]:
    """Each stretch of a piece's life: its local hour, and the share of the comments that comes in it.

    Young pieces change within minutes, so the first six hours go by five minutes, the rest by the hour.
    """
    figures, start = sample.figures, sample.time.at(published.timestamp())
    moment, before = published, 1.0
    while moment < sample.until:
        step = timedelta(minutes=5 if moment - published < timedelta(hours=6) else 60)
        later = min(moment + step, sample.until)
        after = figures.left(sample.time.at(later.timestamp()) - start)
        yield sample.local_hour(moment + (later - moment) / 2), before - after
        moment, before = later, after


@check(7, "Comments come in bursts", "M5", pieces=MIN_PIECES)
def bursts(sample: Sample) -> tuple[str, str, bool]:
    found = [
        measures.burstiness([moment.timestamp() for moment in times])
        for times in sample.per_piece.values()
        if len(times) >= 20
    ]
    typical = median(found) if found else 0.0
    low = sample.figures.min_burstiness
    return f"{typical:.2f} over {len(found)} pieces", f"{low:.2f} to 0.85", low <= typical <= 0.85


@check(8, "Hourly counts vary more than chance", "M5", comments=ENOUGH_COMMENTS)
def hourly_counts(sample: Sample) -> tuple[str, str, bool]:
    first = min(event.at for event in (*sample.pieces, *sample.comments))
    hours = int((sample.until - first).total_seconds() // 3600) + 1
    counts = Counter(int((event.at - first).total_seconds() // 3600) for event in sample.comments)
    found = measures.fano([counts[hour] for hour in range(hours)])
    return f"Fano factor {found:.2f}", "over 1.5", found > 1.5


@check(9, "Replies", "P2", comments=ENOUGH_COMMENTS)
def replies(sample: Sample) -> tuple[str, str, bool]:
    answers = [event for event in sample.comments if event.parent_id is not None]
    share, wanted = len(answers) / len(sample.comments), sample.figures.replies
    known = [(event, sample.by_id[event.parent_id]) for event in answers if event.parent_id in sample.by_id]
    early = sum(event.at <= parent.at for event, parent in known)
    found = f"{share:.1%}, {early} before what they answer"
    return found, f"{wanted:.1%}, 5 points off at most; none", abs(share - wanted) <= 0.05 and not early


@check(10, "Lengths of texts", "M6, M7", comments=MANY_COMMENTS)
def lengths(sample: Sample) -> tuple[str, str, bool]:
    figures = sample.figures
    found = [len(event.text) for event in sample.comments if LETTERS.search(event.text)]
    law = NormalDist(log(figures.length), figures.length_sigma)
    longest = figures.max_length or 10**6
    far = measures.distance(found, lambda length: law.cdf(log(length + 0.5)) if length < longest - 8 else 1.0)
    spread = sorted(found)[int(0.9 * len(found))] / median(found)
    passed = far <= 0.10 and 2.2 <= spread <= 4.5
    return f"KS {far:.3f}, p90/median {spread:.2f}", "at most 0.10; 2.2 to 4.5", passed


def plain(text: str) -> str:
    """The text in small letters without punctuation; emoji stay."""
    return " ".join(re.sub(r"[!-/:-@\[-`{-~¿¡…–—’‘“”]", "", text.lower()).split())


@check(11, "Repetition", "M6", comments=ENOUGH_COMMENTS)
def repetition(sample: Sample) -> tuple[str, str, bool]:
    texts = Counter(plain(event.text) for event in sample.comments)
    again = 1 - len(texts) / len(sample.comments)
    tokens = [word for event in sample.comments for word in WORD.findall(event.text.lower())][:1000]
    variety = len(set(tokens)) / len(tokens)
    most = max((count for text, count in texts.items() if LETTERS.search(text)), default=0) / len(
        sample.comments
    )
    found = f"duplicates {again:.1%}, types/tokens {variety:.2f}, most frequent {most:.1%}"
    low = sample.figures.min_repeated
    passed = low <= again <= 0.15 and 0.35 <= variety <= 0.60 and most <= 0.03
    return found, f"{low:.1%} to 15 %; 0.35 to 0.60; at most 3 %", passed


@check(12, "Shares of emoji, questions, spam and sentiment", "P3, M6, P4, M7")
def shares(sample: Sample) -> tuple[str, str, bool]:
    rows = measured_shares(sample)
    off = [
        name for name, found, wanted in rows if abs(found - wanted) > _tolerance(len(sample.direct), wanted)
    ]
    found = ", ".join(f"{name} {found:.1%} ({wanted:.1%})" for name, found, wanted in rows)
    return found, "3 points off at most, or 3.5 standard errors", not off


def _tolerance(number: int, wanted: float) -> float:
    return max(0.03, 3.5 * sqrt(wanted * (1 - wanted) / number))


def measured_shares(sample: Sample) -> list[tuple[str, float, float]]:
    """Name, share found and share wanted of what texts show and of what they mean."""
    figures, texts = sample.figures, [event.text for event in sample.comments]
    told = [leaning(sample.world.seed, sample.platform, event.platform_id) for event in sample.direct]
    intents, sentiments = (Counter(one) for one in list(zip(*told, strict=True))[:2])
    mix, (good, bad) = figures.mix, figures.leanings
    positive = mix["praise"] + mix["joke"] + mix["opinion"] * good
    negative = mix["complaint"] + mix["opinion"] * bad
    return [
        ("emoji", fmean(bool(EMOJI.search(text)) for text in texts), figures.emoji),
        ("questions", fmean("?" in text for text in texts), mix["question"] / 100),
        ("spam", intents["spam"] / len(told), mix["spam"] / 100),
        ("positive", sentiments["positive"] / len(told), positive / 100),
        ("negative", sentiments["negative"] / len(told), negative / 100),
    ]


def intents(sample: Sample) -> list[tuple[str, float, float]]:
    """Name, share found and share wanted of each intent among first-level comments."""
    told = Counter(
        leaning(sample.world.seed, sample.platform, event.platform_id)[0] for event in sample.direct
    )
    return [
        (name, told[name] / sum(told.values()), share / 100) for name, share in sample.figures.mix.items()
    ]


@check(13, "A few regulars, many who write once", "A", pieces=MIN_PIECES)
def commenters(sample: Sample) -> tuple[str, str, bool]:
    counts = Counter(event.author.id for event in sample.comments if event.author)
    once = sum(count == 1 for count in counts.values()) / len(counts)
    top = measures.top_share(list(counts.values()), 0.1)
    found = f"once {once:.0%}, top tenth {top:.0%}"
    return found, "55 % to 95 %; 20 % to 55 %", 0.55 <= once <= 0.95 and 0.20 <= top <= 0.55


@check(14, "What never happens", "A", comments=0)
def impossibilities(sample: Sample) -> tuple[str, str, bool]:
    faults = [name for name, count in _faults(sample).items() if count]
    return ", ".join(faults) or "none", "none", not faults


def _faults(sample: Sample) -> dict[str, int]:
    pieces = {piece.platform_id: piece for piece in sample.pieces}
    known = [(event, pieces[event.content_id]) for event in sample.comments if event.content_id in pieces]
    figures = [(len(sample.per_piece[id]), sample.metrics[id]) for id in pieces if id in sample.metrics]
    unloved = sum(count > metrics.likes for count, metrics in figures)
    return {
        "comments before their pieces": sum(event.at <= piece.at for event, piece in known),
        "events in the future": sum(event.at > sample.until for event in (*sample.pieces, *sample.comments)),
        "more comments than likes on over a tenth of the pieces": unloved > len(figures) / 10,
        "more comments than views": sum(count > metrics.views for count, metrics in figures),
        "old pieces rising together": most_rising_together(sample) >= 4,
    }


OLD = timedelta(days=4)


def most_rising_together(sample: Sample) -> int:
    """The most old pieces that rise on one UTC day: ten comments, and three times and five more than their kernel says."""
    rising: Counter[date] = Counter()
    for piece in sample.pieces:
        times = sample.per_piece[piece.platform_id]
        whole = 1 - sample.figures.left(sample.age(piece, sample.until))
        for day, count in Counter(moment.date() for moment in times).items():
            start = datetime(day.year, day.month, day.day, tzinfo=UTC)
            if count >= 10 and start - piece.at >= OLD:
                lefts = [sample.figures.left(sample.age(piece, start + timedelta(days=n))) for n in (0, 1)]
                rising[day] += count > 3 * len(times) * (lefts[0] - lefts[1]) / whole + 5
    return max(rising.values(), default=0)
