"""The table of scenarios: how many events of which kind, and when. Read by scenarios.py, the dashboard and the API."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from accounts.declarations import (
    InvalidDeclaration,
    check_contains,
    check_not_empty,
    check_range,
    gettext_noop,
)
from demo.simulator.scripts import COMPLAINT
from demo.simulator.tables import COMMENT_KINDS

MIXED = "mixed"  # a kind of comment: an opinion that is neither for nor against
MAX_EVENTS, MAX_MINUTES = 1_000, 1_440  # of one scenario
Curve = tuple[tuple[float, float], ...]  # minutes since the start, and the share of the events up to then


class Scenario(NamedTuple):
    """A scenario's label and explanation for users."""

    label: str
    explanation: str


@dataclass(frozen=True, slots=True)
class ScenarioPlan:
    """The events of a scenario and their distribution over time; every number is an assumption [A]."""

    label: str
    explanation: str
    kinds: Mapping[str, int]  # number of first-level comments by kind; the first comment is of the first kind
    replies: int  # number of replies to earlier comments of the scenario
    purposes: Mapping[str, int]  # number of messages by purpose; each begins a conversation
    curve: Curve  # of comments and of messages
    publishes: bool = True  # a new post; otherwise the comments are on the latest ones
    announces: bool = False  # whether the new post announces a product
    brand_reply_share: float = 0.0  # of the first-level questions
    report_minutes: tuple[float, ...] = ()  # after publication, when the new post's metrics are reported
    reach: float = 1.0  # factor of the usual views, likes and shares per comment

    def __post_init__(self) -> None:
        check_not_empty("The label of a scenario", self.label)
        check_contains("COMMENT_KINDS in demo/simulator/tables.py", (*COMMENT_KINDS, MIXED), self.kinds)
        for count in (*self.kinds.values(), *self.purposes.values(), self.replies):
            check_range(f"A number of events of the scenario {self.label!r}", count, 0, MAX_EVENTS)
        check_range(f"The brand_reply_share of the scenario {self.label!r}", self.brand_reply_share, 0, 1)
        check_range(f"The reach of the scenario {self.label!r}", self.reach, 0.01, 1_000)
        self._check_times()

    def _check_times(self) -> None:
        check_not_empty(f"The curve of the scenario {self.label!r}", self.curve)
        minutes, shares = zip(*self.curve, strict=True)
        for minute in (*minutes, *self.report_minutes):
            check_range(f"A minute of the scenario {self.label!r}", minute, 0, MAX_MINUTES)
        check_range(f"The first share in the curve of the scenario {self.label!r}", shares[0], 0, 0)
        check_range(f"The last share in the curve of the scenario {self.label!r}", shares[-1], 1, 1)
        for values in (minutes, shares, self.report_minutes):
            if any(before >= after for before, after in pairwise(values)):
                raise InvalidDeclaration(
                    f"In the scenario {self.label!r}, {values} must rise from one to the next."
                )

    @property
    def comments(self) -> int:
        return sum(self.kinds.values()) + self.replies

    @property
    def messages(self) -> int:
        return sum(self.purposes.values())

    def event_count(self, with_messages: bool) -> int:
        """How many events a run has, `with_messages` if a platform has them; fewer where the brand has no fitting reply."""
        replies = round(self.brand_reply_share * self.kinds.get("question", 0))
        messages = self.messages if with_messages else 0
        return self.publishes + self.comments + messages + replies + len(self.report_minutes)


# fmt: off
SCENARIO_PLANS: Mapping[str, ScenarioPlan] = {
    "viral-spike": ScenarioPlan(
        gettext_noop("Viral spike"),
        gettext_noop(
            "A new post goes viral: {comments} comments, most within 40 minutes, and views, likes and shares rise."
        ),
        kinds={"praise": 26, "joke": 16, "favourable": 8, "question": 7, "critical": 4, MIXED: 3,
               COMPLAINT: 2},
        replies=14,
        purposes={},
        curve=((0.1, 0.0), (1, 0.015), (2, 0.05), (4, 0.15), (8, 0.34), (14, 0.52), (22, 0.67), (40, 0.83),
               (75, 0.93), (150, 1.0)),
        report_minutes=(1, 2, 4, 6, 8, 11, 14, 18, 22, 27, 33, 40, 50, 65, 85, 110, 151),
        reach=8.0,
    ),
    "complaint-wave": ScenarioPlan(
        gettext_noop("Complaint wave"),
        gettext_noop(
            "{comments} mostly angry comments on the latest posts and {messages} complaints by direct message in"
            " 90 minutes, without any reply from the brand."
        ),
        kinds={COMPLAINT: 11, "critical": 6, "question": 4, "favourable": 2, MIXED: 1},
        replies=6,
        purposes={COMPLAINT: 8},
        curve=((0.0, 0.0), (0.2, 0.033), (2, 0.065), (4, 0.12), (24, 0.78), (45, 0.93), (90, 1.0)),
        publishes=False,
    ),
    "product-launch": ScenarioPlan(
        gettext_noop("Product launch"),
        gettext_noop(
            "A new post announces a product: {comments} comments in two hours, {messages} direct messages with"
            " questions and orders, and the brand replies to some comments."
        ),
        kinds={"praise": 11, "question": 12, "favourable": 5, "joke": 2, "critical": 2},
        replies=8,
        purposes={"question": 4, "order": 2},
        curve=((0.1, 0.0), (1, 0.02), (3, 0.09), (8, 0.27), (15, 0.44), (30, 0.65), (60, 0.85), (120, 1.0)),
        announces=True,
        brand_reply_share=1 / 3,
        report_minutes=(2, 5, 10, 15, 20, 30, 45, 60, 90, 121),
    ),
}
# fmt: on

SCENARIOS: Mapping[str, Scenario] = {
    name: Scenario(plan.label, plan.explanation.format(comments=plan.comments, messages=plan.messages))
    for name, plan in SCENARIO_PLANS.items()
}
