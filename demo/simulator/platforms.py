"""What differs between platforms.

Tags: [M] computed from a public data set, [P] read in the primary source, [S] quoted second-hand, [A] our assumption.
Half-lives: S1 = Graffius 2026, doi 10.13140/RG.2.2.32407.43689; M1 = UCI Facebook Comment Volume.
"""

from dataclasses import dataclass
from math import exp, log, pow


@dataclass(frozen=True)
class Platform:
    """`half_life` in hours, `shape` is Weibull's k, `spread` the sd of ln(comments per piece), `replies` a share."""

    kinds: tuple[str, ...]
    half_life: float
    shape: float
    spread: float
    replies: float
    reply_delay: float  # hours, median
    emoji: float
    length: int | None = None

    def arrived(self, age: float) -> float:
        """The share of a piece's comments that has arrived at `age` hours."""
        return 1 - exp(-pow(age / self.scale, self.shape)) if age > 0 else 0.0

    def age_at(self, share: float) -> float:
        """The inverse of `arrived`, in hours; `share` in [0, 1)."""
        return self.scale * pow(-log(1 - share), 1 / self.shape)

    @property
    def scale(self) -> float:
        return self.half_life / pow(log(2), 1 / self.shape)


PLATFORMS = {
    "youtube": Platform(
        ("video", "short"), 254.4, 0.60, 1.3, 0.234, 2.0, 0.20
    ),  # S1, A, A, P (Thelwall 2012), A, A
    "instagram": Platform(
        ("post", "reel", "carousel"), 18.3, 0.60, 1.1, 0.25, 1.0, 0.45
    ),  # S1, A, A, A, A, P
    "tiktok": Platform(("video",), 24.0, 0.60, 1.7, 0.20, 1.0, 0.45),  # A, A, M (GESIS 10.7802/2863), A, A, A
    "facebook": Platform(("post", "video", "photo"), 3.6, 0.575, 1.1, 0.30, 0.75, 0.25),  # M1, M1, M, A, M, A
    "x": Platform(("post",), 0.87, 0.60, 1.0, 0.45, 0.4, 0.21, 280),  # S1, A, A, A, A, P
    "linkedin": Platform(("post", "article"), 23.2, 0.60, 1.1, 0.35, 2.0, 0.15),  # S1, A, A, A, A, A
}
MESSAGE_PLATFORMS = frozenset(PLATFORMS) - {"youtube"}
REPLY_SIGMA = 1.9  # of ln(delay) [A]
