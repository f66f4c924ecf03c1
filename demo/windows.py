"""The window kinds: length, starts and quotas of each. Pure arithmetic on UTC times.

A kind is declared here and nowhere else: planning, the account's columns, the schedules, the API and the simulator read
WINDOW_KINDS. The start fails without the kind's columns of DemoAccount (`demo/models/account.py`), without the function
that draws its events from its quotas (`demo/engine/planning.py`), and when a quota is not a number in SETTINGS
(`demo/account_settings.py`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from accounts.declarations import InvalidDeclaration, by_name, check_not_empty, check_range

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
MAX_MIN_DELAY = timedelta(days=30)


@dataclass(frozen=True)
class WindowKind:
    """Windows of one kind follow each other without a gap.

    `label` names its events on pages. `quotas` are the settings with the number of events of one window. The first
    window after enabling starts at least `min_delay` later, which is at most MAX_MIN_DELAY.
    """

    name: str
    label: str
    length: timedelta  # whole hours; a day is a multiple of it
    start_offset: timedelta  # from midnight UTC to a day's first start; whole hours, less than the length
    min_delay: timedelta
    quotas: tuple[str, ...]

    def __post_init__(self) -> None:
        check_not_empty(f"The label of {self.name} windows", self.label)
        check_range(f"The min_delay of {self.name} windows", self.min_delay, timedelta(0), MAX_MIN_DELAY)
        if self.length < HOUR or self.length % HOUR or DAY % self.length:
            raise InvalidDeclaration(
                f"The length of {self.name} windows is {self.length}; it must be 1, 2, 3, 4, 6, 8, 12 or 24 hours."
            )
        if self.start_offset % HOUR or not timedelta(0) <= self.start_offset < self.length:
            raise InvalidDeclaration(
                f"{self.name} windows start at {self.start_offset}; it must be whole hours, less than the length."
            )

    @property
    def next_window_column(self) -> str:
        """The account's column with the start of the next window to plan."""
        return f"next_{self.name}_window"

    @property
    def ordinal_column(self) -> str:
        """The account's column with that window's ordinal: how many windows of the kind precede it since enabling."""
        return f"{self.name}_ordinal"

    @property
    def per_day(self) -> int:
        return DAY // self.length

    @property
    def hours(self) -> int:
        return self.length // HOUR

    @property
    def cron(self) -> tuple[str, str, str]:
        """Minute, hour and weekday fields of a UTC crontab that fires at each start."""
        hour = self.start_offset // HOUR
        if self.per_day == 1:
            return "0", str(hour), "*"
        return "0", f"{hour}-23/{self.hours}" if hour else f"*/{self.hours}", "*"

    @property
    def first_start(self) -> str:
        """The time of a day's first start, such as 10:00 UTC."""
        return f"{EPOCH + self.start_offset:%H:%M} UTC"

    def start_at_or_after(self, moment: datetime) -> datetime:
        """The first start of a window at or after `moment`."""
        return _first_at_or_after(moment, EPOCH + self.start_offset, self.length)


CONTENT_WINDOWS = WindowKind(
    "content",
    "posts",
    length=DAY,
    start_offset=timedelta(hours=10),
    min_delay=DAY,
    quotas=("content_per_day",),
)
INTERACTION_WINDOWS = WindowKind(
    "interactions",
    "comments and messages",
    length=timedelta(hours=6),
    start_offset=timedelta(0),
    min_delay=timedelta(hours=6),
    quotas=("comments_per_window", "messages_per_window"),
)
# Windows that start at the same time are planned in this order.
WINDOW_KINDS: Mapping[str, WindowKind] = by_name(
    "WINDOW_KINDS in demo/windows.py", (INTERACTION_WINDOWS, CONTENT_WINDOWS)
)

_FIRST_CLEANUP = datetime(2000, 1, 3, 3, tzinfo=UTC)  # the others follow every seven days
CLEANUP_CRON = (f"{_FIRST_CLEANUP.minute}", f"{_FIRST_CLEANUP.hour}", f"{_FIRST_CLEANUP:%w}")
CLEANUP_TIMES = f"{_FIRST_CLEANUP:%As at %H:%M} UTC"
RESTORABLE_DAYS = 7  # after which expired rows are purged


def first_windows(enabled_at: datetime) -> dict[str, datetime]:
    """The start of the first window of each kind after enabling, by the account's column."""
    return {
        kind.next_window_column: kind.start_at_or_after(enabled_at + kind.min_delay)
        for kind in WINDOW_KINDS.values()
    }


def next_cleanup(now: datetime) -> datetime:
    """The next cleanup after `now`."""
    return _first_at_or_after(now + timedelta.resolution, _FIRST_CLEANUP, timedelta(days=7))


def _first_at_or_after(moment: datetime, start: datetime, step: timedelta) -> datetime:
    """The earliest of the times `start` plus or minus n steps that is not before `moment`."""
    return start - ((start - moment) // step) * step
