"""The comments that may be replied to within a window, and how likely each gets a reply. Called by comments.py and scenarios.py."""

from bisect import bisect
from collections import defaultdict
from collections.abc import Sequence
from math import erfc, log, sqrt

from accounts.platforms import PLATFORMS
from demo.simulator.audience_time import AudienceWindow
from demo.simulator.phrases import comment_kind
from demo.simulator.platforms import PLATFORM_FIGURES, REPLY_SIGMA
from demo.simulator.values import COMMENT, SimulatedEvent

MIN_DELAY = 1 / 3600  # audience hours from a comment to a reply
# Relative probability of a reply by kind of the parent; 1 for all other kinds [A].
REPLY_WEIGHTS = {"question": 1.7, "complaint": 1.5, "critical": 1.3}


class ReplyTargets:
    """The comments of each platform that may be replied to within the window, with their weights."""

    def __init__(self, window: AudienceWindow, past: Sequence[SimulatedEvent]) -> None:
        self._window = window
        self._comments: dict[str, list[tuple[SimulatedEvent, SimulatedEvent | None]]] = defaultdict(list)
        self._weights: dict[str, list[float]] = defaultdict(list)  # cumulative; computed when first needed
        roots = {
            event.platform_id: event for event in past if event.type == COMMENT and event.parent_id is None
        }
        for event in past:
            if event.type == COMMENT:
                self.add(event, event if event.parent_id is None else roots.get(event.parent_id))

    def add(self, comment: SimulatedEvent, root: SimulatedEvent | None) -> None:
        """Add a comment, unless the window leaves no time to reply; `root` is its thread's first, None when unknown."""
        if comment.at.timestamp() < self._window.end - 2:
            self._comments[comment.platform].append((comment, root))

    def choose(self, platform: str, u: float) -> tuple[SimulatedEvent, SimulatedEvent | None] | None:
        """A random comment to reply to and the root of its thread; None when there is none."""
        comments, weights = self._comments[platform], self._weights[platform]
        for comment, _ in comments[len(weights) :]:
            weights.append((weights[-1] if weights else 0.0) + self._weight(comment))
        if not weights or weights[-1] <= 0:
            return None
        return comments[min(bisect(weights, u * weights[-1]), len(weights) - 1)]

    def _weight(self, comment: SimulatedEvent) -> float:
        low, high = self.replied_shares(comment)
        return (high - low) * REPLY_WEIGHTS.get(comment_kind(comment), 1.0)

    def replied_shares(self, comment: SimulatedEvent) -> tuple[float, float]:
        """The shares of a comment's replies that have arrived at the window's start and at its end."""
        window = self._window
        platform = comment.platform
        at = window.hours_at(platform, comment.at)
        median = PLATFORM_FIGURES[platform].reply_delay
        start, end = window.start_hours[platform] - at, window.end_hours[platform] - at
        return _replied_share(start, median), _replied_share(end, median)


def _replied_share(hours: float, median: float) -> float:
    """The share of replies that have arrived after `hours`: the distribution function of the log-normal delay."""
    return erfc(-log(hours / median) / (REPLY_SIGMA * sqrt(2))) / 2 if hours > MIN_DELAY else 0.0


def displayed_parent_id(parent: SimulatedEvent) -> str:
    """The id of the comment under which the platform shows a reply to `parent`."""
    if PLATFORMS[parent.platform].nests_replies:
        return parent.platform_id
    return parent.parent_id or parent.platform_id
