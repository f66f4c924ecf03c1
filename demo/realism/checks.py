"""The checks of how realistic a story is, each with a band and its source. Called by report.py and the benchmarks.

Bands are the reference figures, some of them widened so that 99 of 100 stories of the reference model pass; `python -m
benchmarks calibration` prints the rates. Tolerances are fixed, because with thousands of events every significance test
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
from demo.simulator.comment_texts import comment_intent
from demo.simulator.values import SimulatedEvent

LETTERS = re.compile(r"[^\W\d_]")
WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
EMOJI = re.compile("[\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff\u2764\u263a]")
# The minimum number of first-level comments for a check. With fewer, some of 100 stories would fail it by chance.
MIN_COMMENTS = 150
MIN_COMMENTS_FOR_SHARES = 500
MIN_COMMENTS_FOR_TAILS = 1_000
MIN_POSTS = 60


@dataclass(frozen=True)
class CheckResult:
    """The result of one check. `passed` is None when the story is too short for it."""

    number: int
    name: str
    found: str
    wanted: str
    source: str
    passed: bool | None


Measure = Callable[[Sample], tuple[str, str, bool]]
Check = Callable[[Sample], CheckResult]
CHECKS: list[Check] = []


def check(
    number: int, name: str, source: str, min_comments: int = MIN_COMMENTS, min_posts: int = 0
) -> Callable[[Measure], Check]:
    """Register a function that returns the measured values, the expected ones and whether the check passed.

    A story with fewer first-level comments or posts than the minimum gets a result whose `passed` is None.
    """

    def register(measure: Measure) -> Check:
        def run(sample: Sample) -> CheckResult:
            if len(sample.ordinary) < min_comments or len(sample.posts) < min_posts:
                found = f"{len(sample.ordinary)} first-level comments, {len(sample.posts)} posts"
                return CheckResult(
                    number, name, found, f"at least {min_comments} and {min_posts}", source, None
                )
            found, wanted, passed = measure(sample)
            return CheckResult(number, name, found, wanted, source, passed)

        CHECKS.append(run)
        return run

    return register


def run_checks(sample: Sample) -> list[CheckResult]:
    """The results of all checks, in the order of their numbers."""
    return [check(sample) for check in CHECKS]


@check(1, "Ages of comments follow the kernel", "S1, M1, M5")
def kernel(sample: Sample) -> tuple[str, str, bool]:
    figures = sample.figures
    percentiles = [
        (1 - figures.remaining_share(age)) / (1 - figures.remaining_share(end)) for age, end in sample.ages()
    ]
    found = measures.distance_to_uniform(percentiles)
    limit = max(0.06, 1.63 / sqrt(len(percentiles)))
    return f"KS {found:.3f}", f"at most {limit:.3f}", found <= limit


@check(2, "Weibull shape of the ages", "M1", min_comments=300)
def shape(sample: Sample) -> tuple[str, str, bool]:
    found, _ = sample.weibull
    return f"{found:.2f}", "0.50 to 0.72", 0.50 <= found <= 0.72


@check(3, "Half-life of the comments", "S1, M1", min_comments=MIN_COMMENTS_FOR_TAILS)
def half_life(sample: Sample) -> tuple[str, str, bool]:
    shape, scale = sample.weibull
    found = scale * log(2) ** (1 / shape)
    wanted = sample.figures.half_life
    tolerance = sample.figures.half_life_tolerance
    return f"{found:.2f} h", f"{wanted:.2f} h ± {tolerance:.0%}", abs(found / wanted - 1) <= tolerance


@check(4, "Gini of comments per post", "M2, M3", min_posts=MIN_POSTS)
def inequality(sample: Sample) -> tuple[str, str, bool]:
    found = measures.gini(sample.comment_counts)
    low, high = sample.figures.gini_band
    return f"{found:.2f}", f"{low} to {high}", low <= found <= high


@check(5, "Few posts have most comments", "M2, M3", min_posts=MIN_POSTS)
def concentration(sample: Sample) -> tuple[str, str, bool]:
    ratio = measures.fano(sample.comment_counts)
    top = measures.top_share(sample.comment_counts, 0.2)
    found = f"variance/mean {ratio:.1f}, top fifth {top:.0%}"
    return found, "over 5; 45 % to 96 %", ratio > 5 and 0.45 <= top <= 0.96


@check(6, "Hours of the day", "M5", min_comments=MIN_COMMENTS_FOR_SHARES)
def hours(sample: Sample) -> tuple[str, str, bool]:
    observed = Counter(sample.local_hour(event.at) for event in sample.ordinary)
    total = sum(observed.values())
    expected = expected_hours(sample)
    variation = sum(abs(observed[hour] / total - expected[hour]) for hour in range(24)) / 2
    all_hours = [sample.local_hour(event.at) for event in sample.comments]
    night = sum(hour < 6 for hour in all_hours) / len(all_hours)
    low, limit = sample.figures.min_night_share, sample.figures.max_hour_variation
    found = f"variation {variation:.3f}, 00-06 h {night:.1%}"
    return found, f"at most {limit}; {low:.1%} to 10 %", variation <= limit and low <= night <= 0.10


def expected_hours(sample: Sample) -> list[float]:
    """The expected share of each local hour, from the posts' posting times, the kernel and the activity curve."""
    counts = Counter(event.content_id for event in sample.ordinary)
    expected = [0.0] * 24
    for post_id, count in counts.items():
        post = sample.by_id[post_id or ""]
        steps = list(_shares_by_step(sample, post.at))
        total = sum(share for _, share in steps)
        for hour, share in steps:
            expected[hour] += count * share / total
    return [share / sum(expected) for share in expected]


def _shares_by_step(sample: Sample, published: datetime) -> Iterable[tuple[int, float]]:
    """For each step of a post's life the local hour, and the expected share of the comments that arrive in it.

    A step has five minutes in the first six hours, where the kernel is steep, and an hour afterwards.
    """
    figures = sample.figures
    start = sample.audience_time.hours_at(published.timestamp())
    moment = published
    before = 1.0
    while moment < sample.until:
        step = timedelta(minutes=5 if moment - published < timedelta(hours=6) else 60)
        later = min(moment + step, sample.until)
        after = figures.remaining_share(sample.audience_time.hours_at(later.timestamp()) - start)
        yield sample.local_hour(moment + (later - moment) / 2), before - after
        moment = later
        before = after


@check(7, "Comments arrive in bursts", "M5", min_posts=MIN_POSTS)
def bursts(sample: Sample) -> tuple[str, str, bool]:
    found = [
        measures.burstiness([moment.timestamp() for moment in times])
        for times in sample.times_by_post.values()
        if len(times) >= 20
    ]
    typical = median(found) if found else 0.0
    low = sample.figures.min_burstiness
    return f"{typical:.2f} over {len(found)} posts", f"{low:.2f} to 0.85", low <= typical <= 0.85


@check(8, "Hourly counts vary more than chance", "M5", min_comments=MIN_COMMENTS_FOR_SHARES)
def hourly_counts(sample: Sample) -> tuple[str, str, bool]:
    first = min(event.at for event in (*sample.posts, *sample.comments))
    hours = int((sample.until - first).total_seconds() // 3600) + 1
    counts = Counter(int((event.at - first).total_seconds() // 3600) for event in sample.comments)
    found = measures.fano([counts[hour] for hour in range(hours)])
    return f"Fano factor {found:.2f}", "over 1.5", found > 1.5


@check(9, "Replies", "P2", min_comments=MIN_COMMENTS_FOR_SHARES)
def reply_share(sample: Sample) -> tuple[str, str, bool]:
    replies = [event for event in sample.comments if event.parent_id is not None]
    share = len(replies) / len(sample.comments)
    wanted = sample.figures.reply_share
    known = [(event, sample.by_id[event.parent_id]) for event in replies if event.parent_id in sample.by_id]
    early = sum(event.at <= parent.at for event, parent in known)
    found = f"{share:.1%}, {early} before their parents"
    return found, f"{wanted:.1%} ± 5 points; none", abs(share - wanted) <= 0.05 and not early


@check(10, "Lengths of texts", "M6, M7", min_comments=MIN_COMMENTS_FOR_TAILS)
def lengths(sample: Sample) -> tuple[str, str, bool]:
    figures = sample.figures
    found = [len(event.text) for event in sample.comments if LETTERS.search(event.text)]
    normal = NormalDist(log(figures.median_length), figures.length_sigma)
    max_length = figures.max_length or 10**6

    def cdf(length: float) -> float:
        return normal.cdf(log(length + 0.5)) if length < max_length - 8 else 1.0

    distance = measures.ks_distance(found, cdf)
    ratio = sorted(found)[int(0.9 * len(found))] / median(found)
    passed = distance <= 0.10 and 2.2 <= ratio <= 4.5
    return f"KS {distance:.3f}, p90/median {ratio:.2f}", "at most 0.10; 2.2 to 4.5", passed


def normalised(text: str) -> str:
    """The text in lower case without punctuation; emoji are kept."""
    return " ".join(re.sub(r"[!-/:-@\[-`{-~¿¡…–—’‘“”]", "", text.lower()).split())


@check(11, "Repetition", "M6", min_comments=MIN_COMMENTS_FOR_SHARES)
def repetition(sample: Sample) -> tuple[str, str, bool]:
    texts = Counter(normalised(event.text) for event in sample.comments)
    total = len(sample.comments)
    duplicates = 1 - len(texts) / total
    tokens = [word for event in sample.comments for word in WORD.findall(event.text.lower())][:1000]
    variety = len(set(tokens)) / len(tokens)
    top = max((count for text, count in texts.items() if LETTERS.search(text)), default=0) / total
    found = f"duplicates {duplicates:.1%}, types/tokens {variety:.2f}, most frequent {top:.1%}"
    low = sample.figures.min_duplicate_share
    passed = low <= duplicates <= 0.15 and 0.35 <= variety <= 0.60 and top <= 0.03
    return found, f"{low:.1%} to 15 %; 0.35 to 0.60; at most 3 %", passed


@check(12, "Shares of emoji, questions, spam and sentiment", "P3, M6, P4, M7")
def text_shares(sample: Sample) -> tuple[str, str, bool]:
    rows = emoji_and_sentiment_shares(sample)
    count = len(sample.first_level)
    passed = all(abs(found - wanted) <= _tolerance(count, wanted) for _, found, wanted in rows)
    found = ", ".join(f"{name} {found:.1%} ({wanted:.1%})" for name, found, wanted in rows)
    return found, "± 3 points or 3.5 standard errors", passed


def _tolerance(count: int, wanted: float) -> float:
    return max(0.03, 3.5 * sqrt(wanted * (1 - wanted) / count))


def _intent_and_sentiment(sample: Sample, comment: SimulatedEvent) -> tuple[str, str]:
    """As drawn by the simulator; they cannot be read from the text."""
    return comment_intent(sample.world.seed, sample.platform, comment.platform_id)[:2]


def emoji_and_sentiment_shares(sample: Sample) -> list[tuple[str, float, float]]:
    """Name, measured share and expected share of emoji, questions, spam and the sentiments."""
    figures = sample.figures
    texts = [event.text for event in sample.comments]
    drawn = [_intent_and_sentiment(sample, event) for event in sample.first_level]
    intents, sentiments = (Counter(column) for column in zip(*drawn, strict=True))
    shares = figures.intents
    good, bad = figures.opinions
    positive = shares["praise"] + shares["joke"] + shares["opinion"] * good
    negative = shares["complaint"] + shares["opinion"] * bad
    return [
        ("emoji", fmean(bool(EMOJI.search(text)) for text in texts), figures.emoji_share),
        ("questions", fmean("?" in text for text in texts), shares["question"] / 100),
        ("spam", intents["spam"] / len(drawn), shares["spam"] / 100),
        ("positive", sentiments["positive"] / len(drawn), positive / 100),
        ("negative", sentiments["negative"] / len(drawn), negative / 100),
    ]


def intent_shares(sample: Sample) -> list[tuple[str, float, float]]:
    """Name, measured share and expected share of each intent among first-level comments."""
    drawn = Counter(_intent_and_sentiment(sample, event)[0] for event in sample.first_level)
    return [
        (name, drawn[name] / drawn.total(), share / 100) for name, share in sample.figures.intents.items()
    ]


@check(13, "Few people write often, many write once", "A", min_posts=MIN_POSTS)
def commenters(sample: Sample) -> tuple[str, str, bool]:
    counts = Counter(event.author.id for event in sample.comments if event.author)
    once = sum(count == 1 for count in counts.values()) / len(counts)
    top = measures.top_share(list(counts.values()), 0.1)
    found = f"once {once:.0%}, top tenth {top:.0%}"
    return found, "55 % to 95 %; 20 % to 55 %", 0.55 <= once <= 0.95 and 0.20 <= top <= 0.55


@check(14, "Impossible events", "A", min_comments=0)
def impossible_events(sample: Sample) -> tuple[str, str, bool]:
    names = [name for name, count in _impossible_counts(sample).items() if count]
    return ", ".join(names) or "none", "none", not names


def _impossible_counts(sample: Sample) -> dict[str, int]:
    posts = {post.platform_id: post for post in sample.posts}
    known = [(event, posts[event.content_id]) for event in sample.comments if event.content_id in posts]
    counted = [(len(sample.times_by_post[id]), sample.metrics[id]) for id in posts if id in sample.metrics]
    above_likes = sum(count > metrics.likes for count, metrics in counted)
    return {
        "comments before their posts": sum(event.at <= post.at for event, post in known),
        "events in the future": sum(event.at > sample.until for event in (*sample.posts, *sample.comments)),
        "more comments than likes on over a tenth of the posts": above_likes > len(counted) / 10,
        "more comments than views": sum(count > metrics.views for count, metrics in counted),
        "old posts rising together": max_rising_together(sample) >= 4,
    }


OLD = timedelta(days=4)


def max_rising_together(sample: Sample) -> int:
    """The maximum over UTC days of the number of old posts that rise on the day.

    A post rises when it has at least ten comments, and more than three times the expected number plus five.
    """
    rising: Counter[date] = Counter()
    for post in sample.posts:
        times = sample.times_by_post[post.platform_id]
        observed = 1 - sample.figures.remaining_share(sample.age(post, sample.until))
        for day, count in Counter(moment.date() for moment in times).items():
            start = datetime(day.year, day.month, day.day, tzinfo=UTC)
            if count >= 10 and start - post.at >= OLD:
                share = _share_between(sample, post, start, start + timedelta(days=1)) / observed
                rising[day] += count > 3 * len(times) * share + 5
    return max(rising.values(), default=0)


def _share_between(sample: Sample, post: SimulatedEvent, start: datetime, end: datetime) -> float:
    """The expected share of the post's lifetime comments that arrive between two times."""
    remaining = sample.figures.remaining_share
    return remaining(sample.age(post, start)) - remaining(sample.age(post, end))
