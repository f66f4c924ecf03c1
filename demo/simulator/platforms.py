"""The reference figures of each platform, with their sources. Read by the simulator, and by demo/realism to check it.

Source keys: M is computed from a public data set, P is read in the primary source, S is quoted second-hand, A is our
assumption because nobody publishes the figure. SOURCES explains each key.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from math import exp, log, pow

from accounts.declarations import InvalidDeclaration, check_not_empty, check_range, check_table
from accounts.platforms import PLATFORMS

SOURCES = {
    "A": "our assumption",
    "M1": "UCI Facebook Comment Volume, 40,949 rows",
    "M2": "GESIS 10.7802/2863, 2,011 TikTok posts of news media",
    "M3": "UCI Facebook metrics, 500 posts",
    "M4": "YouTube trending 2017",
    "M5": "r/ireland 2019, 117,787 events",
    "M6": "TubeSpam, 951 comments that are not spam",
    "M7": "tweets and text messages, sets of 2014",
    "P2": "Thelwall, Sud, Vis 2012 (YouTube)",
    "P3": "Instagram engineering 2015; Emojipedia 2021",
    "P4": "Like, Comment, Get Scammed, NDSS 2024",
    "S1": "Graffius 2026, half-life of posts, doi 10.13140/RG.2.2.32407.43689",
    "LDBC": "LDBC Social Network Benchmark, flash mob events",
}


def _check_source(source: str) -> None:
    if source not in SOURCES:
        raise InvalidDeclaration(
            f"The source {source!r} is not in SOURCES in demo/simulator/platforms.py; add it there."
        )


class Figure(float):
    """A number with its source, a key of SOURCES."""

    __slots__ = ("source",)
    source: str

    def __new__(cls, value: float, source: str) -> "Figure":
        _check_source(source)
        figure = super().__new__(cls, value)
        figure.source = source
        return figure


@dataclass(frozen=True)
class ActivityCurve:
    """Relative activity by local hour, 0 to 23, and by weekday, Monday to Sunday; only the ratios count."""

    source: str
    hours: tuple[float, ...]
    weekdays: tuple[float, ...]

    def __post_init__(self) -> None:
        _check_source(self.source)
        for name, values, length in (("hours", self.hours, 24), ("weekdays", self.weekdays, 7)):
            check_range(f"The number of {name} in an ActivityCurve", len(values), length, length)
            for value in values:
                check_range(f"A value of the {name} of an ActivityCurve", value, 0.001, 1_000)


# fmt: off
MEASURED = ActivityCurve("M5",
    (0.763, 0.429, 0.293, 0.186, 0.115, 0.110, 0.176, 0.364, 0.633, 0.958, 1.258, 1.581,
     1.705, 1.738, 1.667, 1.488, 1.571, 1.404, 1.314, 1.324, 1.282, 1.287, 1.260, 1.093),
    (0.93, 1.07, 1.16, 1.11, 1.01, 0.89, 0.83))
EVENING = ActivityCurve("A",
    (0.62, 0.34, 0.20, 0.13, 0.11, 0.16, 0.34, 0.60, 0.78, 0.86, 0.92, 1.00,
     1.14, 1.18, 1.14, 1.16, 1.24, 1.36, 1.56, 1.78, 1.94, 1.96, 1.68, 1.10),
    (0.95, 0.97, 0.98, 0.98, 1.00, 1.05, 1.07))
OFFICE = ActivityCurve("A",
    (0.18, 0.10, 0.07, 0.06, 0.08, 0.16, 0.48, 1.02, 1.72, 2.04, 2.06, 1.92,
     1.88, 1.70, 1.70, 1.62, 1.48, 1.30, 1.10, 0.92, 0.80, 0.68, 0.50, 0.30),
    (1.20, 1.30, 1.30, 1.25, 1.05, 0.45, 0.45))
POSTING = ActivityCurve("A",  # when brands post, on every platform
    (0.02, 0.01, 0.01, 0.01, 0.01, 0.02, 0.10, 0.40, 0.90, 1.40, 1.60, 1.70,
     1.80, 1.50, 1.30, 1.40, 1.50, 1.80, 1.90, 1.70, 1.20, 0.70, 0.30, 0.06),
    (1.05, 1.10, 1.10, 1.10, 1.05, 0.85, 0.75))
# fmt: on


MAX_HASHTAGS = 14  # each niche has at least as many (docs/words.md)
MAX_TEXT_LENGTH = 65_536
INTENTS = ("praise", "question", "opinion", "joke", "complaint", "spam")  # of first-level comments
# The values of PlatformFigures with which the simulator can draw.
RANGES: Mapping[str, tuple[float, float]] = {
    "half_life": (0.01, 1_000_000),
    "weibull_shape": (0.1, 10),
    "comments_sigma": (0.01, 5),
    "no_comments": (0, 0.99),
    "comments_per_view": (1e-6, 1),
    "comments_per_like": (1e-6, 1),
    "reply_share": (0, 0.99),
    "reply_delay": (0.01, 1_000),
    "mention_share": (0, 1),
    "median_length": (1, 10_000),
    "length_sigma": (0.01, 5),
    "emoji_share": (0, 1),
    "emoji_only_share": (0, 0.99),
    "half_life_tolerance": (0, 1),
    "min_night_share": (0, 1),
    "max_hour_variation": (0, 1),
    "min_burstiness": (-1, 1),
    "min_duplicate_share": (0, 1),
}


@dataclass(frozen=True)
class PlatformFigures:
    """One platform's figures. Shares are between 0 and 1; lengths are in characters; times in hours."""

    content_kinds: tuple[str, ...]
    hashtags: tuple[int, int]  # minimum and maximum number in a caption
    half_life: Figure  # of a post's comments
    weibull_shape: Figure  # of the ages of comments
    comments_sigma: Figure  # sd of ln(comments per post)
    no_comments: Figure  # share of posts without comments
    comments_per_view: Figure  # median
    comments_per_like: Figure  # median
    reply_share: Figure  # of all comments
    reply_delay: Figure  # median
    mention_share: Figure  # share of replies that begin with a mention of the parent's author
    activity: ActivityCurve
    median_length: Figure
    length_sigma: Figure  # sd of ln(length)
    emoji_share: Figure  # share of comments with an emoji
    emoji_only_share: Figure  # share of comments that are emoji only
    intents: Mapping[str, float]  # per cent of first-level comments; assumptions, except spam on YouTube [P4]
    gini_band: tuple[float, float]  # of comments per post: the band of check 4, calibrated
    opinions: tuple[float, float] = (0.45, 0.30)  # shares for and against; the rest is neutral [A]
    max_length: int | None = None  # of a text
    captions_are_titles: bool = False  # one sentence, without emoji and hashtags
    # Bands of the other checks (demo/realism/checks.py); where a platform overrides one, the value is calibrated.
    half_life_tolerance: float = 0.20
    min_night_share: float = 0.02  # share of comments from 00 to 06 h
    max_hour_variation: float = 0.16
    min_burstiness: float = 0.35
    min_duplicate_share: float = 0.01  # share of comments that repeat another

    def __post_init__(self) -> None:
        for name, (low, high) in RANGES.items():
            check_range(f"The figure {name}", getattr(self, name), low, high)
        for name in ("gini_band", "opinions", "hashtags"):
            check_range(f"The number of values in the figure {name}", len(getattr(self, name)), 2, 2)
        check_range("The maximum in hashtags", self.hashtags[1], 0, MAX_HASHTAGS)
        check_range("The minimum in hashtags", self.hashtags[0], 0, self.hashtags[1])
        check_range("The end of gini_band", self.gini_band[1], 0, 1)
        check_range("The start of gini_band", self.gini_band[0], 0, self.gini_band[1])
        if self.max_length is not None:
            check_range("The figure max_length", self.max_length, 1, MAX_TEXT_LENGTH)
        self._check_content_kinds()
        self._check_comments()

    def _check_content_kinds(self) -> None:
        check_not_empty("The figure content_kinds", self.content_kinds)
        if not isinstance(self.content_kinds, tuple):
            raise InvalidDeclaration(f"content_kinds is {self.content_kinds!r}; it must be a tuple of kinds.")
        for kind in self.content_kinds:
            check_not_empty("A kind in content_kinds", kind)

    def _check_comments(self) -> None:
        """Check the shares of comments by intent, opinion and emoji."""
        check_table("The figure intents in demo/simulator/platforms.py", self.intents, INTENTS)
        for name, value in self.intents.items():
            check_range(f"The intent {name}", value, 0, 100)
        check_range("The sum of the intents", round(sum(self.intents.values()), 6), 100, 100)
        for share in self.opinions:
            check_range("A share in opinions", share, 0, 1)
        check_range("The sum of the opinions", round(sum(self.opinions), 6), 0, 1)
        without_emoji_only = (self.intents["question"] + self.intents["spam"]) / 100
        check_range(
            "The share of comments that are emoji only, a question or spam",
            round(self.emoji_only_share + without_emoji_only, 6),
            0,
            0.99,
        )

    @cached_property
    def weibull_scale(self) -> float:
        """In hours, from the half-life and the shape."""
        return self.half_life / pow(log(2), 1 / self.weibull_shape)

    def remaining_share(self, age: float) -> float:
        """The share of a post's comments that arrive after `age` audience hours: the Weibull survival function."""
        return exp(-pow(age / self.weibull_scale, self.weibull_shape)) if age > 0 else 1.0

    def age_at(self, remaining_share: float) -> float:
        """The inverse of `remaining_share`; infinite for 0."""
        if remaining_share <= 0:
            return float("inf")
        return self.weibull_scale * pow(-log(remaining_share), 1 / self.weibull_shape)

    def truncate(self, text: str) -> str:
        """The text without the last words that exceed the platform's maximum length."""
        if self.max_length is None or len(text) <= self.max_length:
            return text
        return text[: self.max_length + 1].rsplit(" ", 1)[0][: self.max_length]


def _intents(
    praise: float, question: float, opinion: float, joke: float, complaint: float, spam: float
) -> dict[str, float]:
    """In the order in which a draw adds them up."""
    first = {"praise": praise, "question": question, "opinion": opinion}
    return first | {"joke": joke, "complaint": complaint, "spam": spam}


A, M1, M2, M3, M4 = (partial(Figure, source=source) for source in ("A", "M1", "M2", "M3", "M4"))
M5, M6, P2, P3, S1 = (partial(Figure, source=source) for source in ("M5", "M6", "P2", "P3", "S1"))

# fmt: off
PLATFORM_FIGURES = {
    "youtube": PlatformFigures(
        content_kinds=("video", "short"), hashtags=(0, 0), captions_are_titles=True,
        half_life=S1(254.4), weibull_shape=A(0.60), comments_sigma=A(1.3), no_comments=M4(0.03),
        comments_per_view=M4(0.0031), comments_per_like=M4(0.11), activity=EVENING,
        reply_share=P2(0.234), reply_delay=A(2.0), mention_share=A(0.35),
        median_length=M6(31), length_sigma=M6(0.96), emoji_share=A(0.20), emoji_only_share=A(0.04),
        intents=_intents(praise=45, question=8, opinion=22, joke=15, complaint=8, spam=2),
        gini_band=(0.50, 0.90), half_life_tolerance=0.27, min_burstiness=0.285,
    ),
    "instagram": PlatformFigures(
        content_kinds=("post", "reel", "carousel"), hashtags=(3, 6),
        half_life=S1(18.3), weibull_shape=A(0.60), comments_sigma=A(1.1), no_comments=A(0.03),
        comments_per_view=A(0.0012), comments_per_like=A(0.038), activity=EVENING,
        reply_share=A(0.25), reply_delay=A(1.0), mention_share=A(0.7),
        median_length=A(25), length_sigma=A(0.90), emoji_share=P3(0.45), emoji_only_share=A(0.15),
        intents=_intents(praise=50, question=9, opinion=10, joke=22, complaint=6, spam=3),
        gini_band=(0.42, 0.84),
    ),
    "tiktok": PlatformFigures(
        content_kinds=("video",), hashtags=(3, 5),
        half_life=A(24.0), weibull_shape=A(0.60), comments_sigma=M2(1.7), no_comments=M2(0.024),
        comments_per_view=M2(0.0015), comments_per_like=M2(0.031), activity=EVENING,
        reply_share=A(0.20), reply_delay=A(1.0), mention_share=A(0.25),
        median_length=A(25), length_sigma=A(0.90), emoji_share=A(0.45), emoji_only_share=A(0.15),
        intents=_intents(praise=42, question=8, opinion=15, joke=27, complaint=6, spam=2),
        gini_band=(0.60, 0.95), min_burstiness=0.28,
    ),
    "facebook": PlatformFigures(
        content_kinds=("post", "video", "photo"), hashtags=(0, 1),
        half_life=M1(3.6), weibull_shape=M1(0.575), comments_sigma=M3(1.1), no_comments=M3(0.21),
        comments_per_view=M3(0.00054), comments_per_like=M3(0.042), activity=MEASURED,
        reply_share=A(0.30), reply_delay=M5(0.75), mention_share=A(0.4),
        median_length=A(40), length_sigma=A(1.00), emoji_share=A(0.25), emoji_only_share=A(0.06),
        intents=_intents(praise=42, question=11, opinion=18, joke=14, complaint=13, spam=2),
        gini_band=(0.50, 0.88),
    ),
    "x": PlatformFigures(
        content_kinds=("post",), hashtags=(0, 1),
        half_life=S1(0.87), weibull_shape=A(0.60), comments_sigma=A(1.0), no_comments=A(0.40),
        comments_per_view=A(0.0005), comments_per_like=A(0.05), activity=MEASURED,
        reply_share=A(0.45), reply_delay=A(0.4), mention_share=A(0.4),
        median_length=A(70), length_sigma=A(0.80), emoji_share=P3(0.21), emoji_only_share=A(0.04),
        intents=_intents(praise=30, question=12, opinion=27, joke=15, complaint=13, spam=3),
        opinions=(0.37, 0.44),  # with the intents: 55 % positive, 25 % negative [M7]
        max_length=280,
        gini_band=(0.50, 0.90), min_night_share=0.01, max_hour_variation=0.08,  # comments follow the posting times
        min_duplicate_share=0.004,
    ),
    "linkedin": PlatformFigures(
        content_kinds=("post", "article"), hashtags=(2, 3),
        half_life=S1(23.2), weibull_shape=A(0.60), comments_sigma=A(1.1), no_comments=A(0.10),
        comments_per_view=A(0.001), comments_per_like=A(0.08), activity=OFFICE,
        reply_share=A(0.35), reply_delay=A(2.0), mention_share=A(0.4),
        median_length=A(90), length_sigma=A(0.90), emoji_share=A(0.15), emoji_only_share=A(0.02),
        intents=_intents(praise=48, question=12, opinion=28, joke=5, complaint=6, spam=1),
        gini_band=(0.42, 0.84), min_night_share=0.005, min_duplicate_share=0.002,
    ),
}
# fmt: on
check_table("PLATFORM_FIGURES in demo/simulator/platforms.py", PLATFORM_FIGURES, PLATFORMS)
REPLY_SIGMA = A(1.9)  # sd of ln(reply delay)
PURPOSES = {  # shares of new conversations [A]
    "fan": 0.35,
    "question": 0.25,
    "order": 0.15,
    "collaboration": 0.08,
    "story": 0.10,
    "spam": 0.07,
}
