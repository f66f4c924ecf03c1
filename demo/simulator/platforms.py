"""What differs between platforms: figures with their sources.

Tags: M computed from a public data set, P read in the primary source, S quoted second-hand, A our assumption, because
nobody publishes the figure. SOURCES says what each tag stands for.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from math import exp, log, pow

from accounts.declarations import check_table
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


class Figure(float):
    """A number that knows its source, a key of SOURCES."""

    __slots__ = ("source",)
    source: str

    def __new__(cls, value: float, source: str) -> "Figure":
        figure = super().__new__(cls, value)
        figure.source = source
        return figure


@dataclass(frozen=True)
class Hours:
    """How active an audience is by local hour, 0 to 23, and by weekday, Monday to Sunday; only the ratios count."""

    source: str
    hours: tuple[float, ...]
    weekdays: tuple[float, ...]


# fmt: off
MEASURED = Hours("M5",
    (0.763, 0.429, 0.293, 0.186, 0.115, 0.110, 0.176, 0.364, 0.633, 0.958, 1.258, 1.581,
     1.705, 1.738, 1.667, 1.488, 1.571, 1.404, 1.314, 1.324, 1.282, 1.287, 1.260, 1.093),
    (0.93, 1.07, 1.16, 1.11, 1.01, 0.89, 0.83))
EVENING = Hours("A",
    (0.62, 0.34, 0.20, 0.13, 0.11, 0.16, 0.34, 0.60, 0.78, 0.86, 0.92, 1.00,
     1.14, 1.18, 1.14, 1.16, 1.24, 1.36, 1.56, 1.78, 1.94, 1.96, 1.68, 1.10),
    (0.95, 0.97, 0.98, 0.98, 1.00, 1.05, 1.07))
OFFICE = Hours("A",
    (0.18, 0.10, 0.07, 0.06, 0.08, 0.16, 0.48, 1.02, 1.72, 2.04, 2.06, 1.92,
     1.88, 1.70, 1.70, 1.62, 1.48, 1.30, 1.10, 0.92, 0.80, 0.68, 0.50, 0.30),
    (1.20, 1.30, 1.30, 1.25, 1.05, 0.45, 0.45))
POSTING = Hours("A",  # when the brand posts, whatever the platform
    (0.02, 0.01, 0.01, 0.01, 0.01, 0.02, 0.10, 0.40, 0.90, 1.40, 1.60, 1.70,
     1.80, 1.50, 1.30, 1.40, 1.50, 1.80, 1.90, 1.70, 1.20, 0.70, 0.30, 0.06),
    (1.05, 1.10, 1.10, 1.10, 1.05, 0.85, 0.75))
# fmt: on


@dataclass(frozen=True)
class PlatformFigures:
    """One platform's figures. Shares lie in 0 to 1; lengths are in characters; times in hours."""

    kinds: tuple[str, ...]  # of its pieces
    tags: tuple[int, int]  # fewest and most hashtags of a caption
    half_life: Figure  # of a piece's comments
    shape: Figure  # Weibull's k
    spread: Figure  # sd of ln(comments per piece)
    silent: Figure  # share of pieces that get no comment
    per_view: Figure  # comments per view, median
    per_like: Figure  # comments per like, median
    replies: Figure  # share of comments that are replies
    reply_delay: Figure  # median
    mentions: Figure  # share of replies that begin with whom they answer
    hours: Hours
    length: Figure  # median
    length_sigma: Figure  # sd of ln(length)
    emoji: Figure  # share of comments with an emoji,
    emoji_only: Figure  # and of those with nothing else
    mix: Mapping[str, float]  # intents of comments; each an assumption, but spam on YouTube [P4]
    gini: tuple[float, float]  # of comments per piece: the band of check 4, calibrated
    leanings: tuple[float, float] = (
        0.45,
        0.30,
    )  # shares of opinions for and against; the rest is neither [A]
    max_length: int | None = None  # of a text
    # Bands of the other checks (demo/realism/checks.py); where a platform has a value of its own, it is calibrated.
    half_life_tolerance: float = 0.20
    min_night: float = 0.02  # share of comments from 00 to 06 h
    max_hour_variation: float = 0.16
    min_burstiness: float = 0.35
    min_repeated: float = 0.01  # share of comments that repeat another

    @cached_property
    def scale(self) -> float:
        """Weibull's scale in hours."""
        return self.half_life / pow(log(2), 1 / self.shape)

    def cut(self, text: str) -> str:
        """The text without the words that the platform has no room for."""
        if self.max_length is None or len(text) <= self.max_length:
            return text
        return text[: self.max_length + 1].rsplit(" ", 1)[0][: self.max_length]

    def left(self, age: float) -> float:
        """The share of a piece's comments still to come at `age`, in hours of the audience's time."""
        return exp(-pow(age / self.scale, self.shape)) if age > 0 else 1.0

    def age_at(self, left: float) -> float:
        """The inverse of `left`; infinite for 0."""
        return self.scale * pow(-log(left), 1 / self.shape) if left > 0 else float("inf")


def _mix(
    praise: float, question: float, opinion: float, joke: float, complaint: float, spam: float
) -> dict[str, float]:
    shares = {"praise": praise, "question": question, "opinion": opinion}
    return shares | {"joke": joke, "complaint": complaint, "spam": spam}


A, M1, M2, M3, M4 = (partial(Figure, source=source) for source in ("A", "M1", "M2", "M3", "M4"))
M5, M6, P2, P3, S1 = (partial(Figure, source=source) for source in ("M5", "M6", "P2", "P3", "S1"))

# fmt: off
PLATFORM_FIGURES = {
    "youtube": PlatformFigures(
        kinds=("video", "short"), tags=(0, 0),
        half_life=S1(254.4), shape=A(0.60), spread=A(1.3), silent=M4(0.03),
        per_view=M4(0.0031), per_like=M4(0.11), replies=P2(0.234), reply_delay=A(2.0), mentions=A(0.35), hours=EVENING,
        length=M6(31), length_sigma=M6(0.96), emoji=A(0.20), emoji_only=A(0.04),
        mix=_mix(praise=45, question=8, opinion=22, joke=15, complaint=8, spam=2),
        gini=(0.50, 0.90), half_life_tolerance=0.27, min_burstiness=0.285,
    ),
    "instagram": PlatformFigures(
        kinds=("post", "reel", "carousel"), tags=(3, 6),
        half_life=S1(18.3), shape=A(0.60), spread=A(1.1), silent=A(0.03),
        per_view=A(0.0012), per_like=A(0.038), replies=A(0.25), reply_delay=A(1.0), mentions=A(0.7), hours=EVENING,
        length=A(25), length_sigma=A(0.90), emoji=P3(0.45), emoji_only=A(0.15),
        mix=_mix(praise=50, question=9, opinion=10, joke=22, complaint=6, spam=3),
        gini=(0.42, 0.84),
    ),
    "tiktok": PlatformFigures(
        kinds=("video",), tags=(3, 5),
        half_life=A(24.0), shape=A(0.60), spread=M2(1.7), silent=M2(0.024),
        per_view=M2(0.0015), per_like=M2(0.031), replies=A(0.20), reply_delay=A(1.0), mentions=A(0.25), hours=EVENING,
        length=A(25), length_sigma=A(0.90), emoji=A(0.45), emoji_only=A(0.15),
        mix=_mix(praise=42, question=8, opinion=15, joke=27, complaint=6, spam=2),
        gini=(0.60, 0.95), min_burstiness=0.28,
    ),
    "facebook": PlatformFigures(
        kinds=("post", "video", "photo"), tags=(0, 1),
        half_life=M1(3.6), shape=M1(0.575), spread=M3(1.1), silent=M3(0.21),
        per_view=M3(0.00054), per_like=M3(0.042), replies=A(0.30), reply_delay=M5(0.75), mentions=A(0.4), hours=MEASURED,
        length=A(40), length_sigma=A(1.00), emoji=A(0.25), emoji_only=A(0.06),
        mix=_mix(praise=42, question=11, opinion=18, joke=14, complaint=13, spam=2),
        gini=(0.50, 0.88),
    ),
    "x": PlatformFigures(
        kinds=("post",), tags=(0, 1),
        half_life=S1(0.87), shape=A(0.60), spread=A(1.0), silent=A(0.40),
        per_view=A(0.0005), per_like=A(0.05), replies=A(0.45), reply_delay=A(0.4), mentions=A(0.4), hours=MEASURED,
        length=A(70), length_sigma=A(0.80), emoji=P3(0.21), emoji_only=A(0.04),
        mix=_mix(praise=30, question=12, opinion=27, joke=15, complaint=13, spam=3),
        leanings=(0.37, 0.44),  # with the mix: 55 % positive, 25 % negative [M7]
        max_length=280,
        gini=(0.50, 0.90), min_night=0.01, max_hour_variation=0.08,  # what is over in an hour follows the posting times
        min_repeated=0.004,
    ),
    "linkedin": PlatformFigures(
        kinds=("post", "article"), tags=(2, 3),
        half_life=S1(23.2), shape=A(0.60), spread=A(1.1), silent=A(0.10),
        per_view=A(0.001), per_like=A(0.08), replies=A(0.35), reply_delay=A(2.0), mentions=A(0.4), hours=OFFICE,
        length=A(90), length_sigma=A(0.90), emoji=A(0.15), emoji_only=A(0.02),
        mix=_mix(praise=48, question=12, opinion=28, joke=5, complaint=6, spam=1),
        gini=(0.42, 0.84), min_night=0.005, min_repeated=0.002,
    ),
}
# fmt: on
check_table("PLATFORM_FIGURES in demo/simulator/platforms.py", PLATFORM_FIGURES, PLATFORMS)
REPLY_SIGMA = A(1.9)  # of ln(reply delay)
PURPOSES = {
    "fan": 0.35,
    "question": 0.25,
    "order": 0.15,
    "collaboration": 0.08,
    "story": 0.10,
    "spam": 0.07,
}  # [A]
