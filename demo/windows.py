"""The kinds of windows: how long each is, when it starts, and what it brings. Pure arithmetic on UTC times.

A kind is declared here and nowhere else: planning, the account's columns, the schedules, the API and the simulator read
WINDOW_KINDS. `demo/engine/planning.py` draws a kind's events, and the start fails without a function for each.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

DAY = timedelta(days=1)
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class WindowKind:
    """Windows of one kind follow each other without a gap.

    `quotas` names the settings that say how many events one window brings. `gate` is the time after enabling in which no
    window starts.
    """

    name: str
    length: timedelta  # divides a day
    starts_at: timedelta  # the first start of a UTC day
    gate: timedelta
    quotas: tuple[str, ...]

    @property
    def mark(self) -> str:
        """The account's column with the start of the next window to plan."""
        return f"next_{self.name}_window"

    @property
    def ordinal(self) -> str:
        """The account's column with that window's number since the activation."""
        return f"{self.name}_ordinal"

    @property
    def per_day(self) -> int:
        return DAY // self.length

    @property
    def cron(self) -> tuple[str, str, str]:
        """Minute, hour and weekday of the starts, for a schedule in UTC."""
        hour = self.starts_at // timedelta(hours=1)
        return "0", str(hour) if self.per_day == 1 else f"*/{24 // self.per_day}", "*"

    def start_at_or_after(self, moment: datetime) -> datetime:
        """The first start of a window at or after `moment`."""
        return _on_grid(moment, EPOCH + self.starts_at, self.length)


CONTENT = WindowKind(
    "content", length=DAY, starts_at=timedelta(hours=10), gate=DAY, quotas=("content_per_day",)
)
INTERACTIONS = WindowKind(
    "interactions",
    length=timedelta(hours=6),
    starts_at=timedelta(0),
    gate=timedelta(hours=6),
    quotas=("comments_per_window", "messages_per_window"),
)
# Of windows that start at the same time the kind that stands first here is planned first.
WINDOW_KINDS: Mapping[str, WindowKind] = {kind.name: kind for kind in (INTERACTIONS, CONTENT)}

CLEANUP_CRON = ("0", "3", "1")  # Mondays at 03:00 UTC
_FIRST_CLEANUP = datetime(2000, 1, 3, 3, tzinfo=UTC)


def first_windows(enabled_at: datetime) -> dict[str, datetime]:
    """The start of an activation's first window of each kind, by the account's column."""
    return {kind.mark: kind.start_at_or_after(enabled_at + kind.gate) for kind in WINDOW_KINDS.values()}


def next_cleanup(now: datetime) -> datetime:
    """The next Monday 03:00 UTC after `now`."""
    return _on_grid(now + timedelta.resolution, _FIRST_CLEANUP, timedelta(days=7))


def _on_grid(moment: datetime, origin: datetime, step: timedelta) -> datetime:
    """The first of `origin`, `origin` ± `step`, … at or after `moment`."""
    return origin - ((origin - moment) // step) * step
