"""The settings of a demo: names, ranges, defaults, labels and help texts. Pure.

A setting is declared here and nowhere else. The account's columns, the constraint of the database, the API with its
schema, the page Settings, the admin and `docs/reference.md` read SETTINGS. A wrong range, default or option stops the start.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from accounts.declarations import InvalidDeclaration, check_contains
from demo.windows import CLEANUP_TIMES, CONTENT_WINDOWS, INTERACTION_WINDOWS, WINDOW_KINDS

MAX_NUMBER = 32_767  # the greatest that PostgreSQL's smallint stores


@dataclass(frozen=True)
class Number:
    """A whole number from `min` to `max`, at most MAX_NUMBER; with `may_be_empty` also None."""

    min: int
    max: int
    may_be_empty: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.min < self.max <= MAX_NUMBER:
            raise InvalidDeclaration(
                f"Number({self.min}, {self.max}) must be a range within 0 and {MAX_NUMBER}, which its column can store."
            )

    def accepts(self, value: object) -> bool:
        if value is None:
            return self.may_be_empty
        return isinstance(value, int) and not isinstance(value, bool) and self.min <= value <= self.max


@dataclass(frozen=True)
class Choice:
    """One of `options`, which are pairs of value and label."""

    options: tuple[tuple[str, str], ...]

    @property
    def values(self) -> tuple[str, ...]:
        return tuple(value for value, _ in self.options)

    def accepts(self, value: object) -> bool:
        return value in self.values


@dataclass(frozen=True)
class Flag:
    """On or off."""

    def accepts(self, value: object) -> bool:
        return isinstance(value, bool)


@dataclass(frozen=True)
class TimeZone:
    """An IANA time zone."""

    def accepts(self, value: object) -> bool:
        return isinstance(value, str)


@dataclass(frozen=True)
class Setting:
    """One setting. `at_enabling`: it may also be an option of enabling."""

    value_type: Number | Choice | Flag | TimeZone
    default: int | str | bool | None
    label: str
    help: str = ""
    at_enabling: bool = False

    def __post_init__(self) -> None:
        if not self.value_type.accepts(self.default):
            raise InvalidDeclaration(
                f'The default of the setting "{self.label}", {self.default!r}, is not one of its values.'
            )


SETTINGS: Mapping[str, Setting] = {
    "content_per_day": Setting(Number(0, 20), 2, "Posts a day"),
    "comments_per_window": Setting(Number(0, 200), 10, f"Comments every {INTERACTION_WINDOWS.hours} hours"),
    "messages_per_window": Setting(
        Number(0, 100), 5, f"Direct messages every {INTERACTION_WINDOWS.hours} hours"
    ),
    "posting_hour": Setting(
        Number(0, 23, may_be_empty=True),
        None,
        "Posting hour",
        f"The local hour of the day's first post, 0 to 23. Empty: {CONTENT_WINDOWS.first_start}.",
    ),
    "time_zone": Setting(TimeZone(), "UTC", "Time zone", "Where the audience lives, such as Europe/Berlin."),
    "rhythm": Setting(
        Choice(
            (
                ("steady", f"Steady: the exact numbers set, every {INTERACTION_WINDOWS.hours} hours"),
                (
                    "natural",
                    "Natural: fewer at night, more in the evening and after a popular post; the same on average",
                ),
            )
        ),
        "steady",
        "Rhythm",
        "How many comments and messages each window brings.",
        at_enabling=True,
    ),
    "viral_spikes": Setting(
        Flag(),
        True,
        "Viral spikes",
        "One post in fifty gets several times its comments, for about a day and a half, on top of the numbers set.",
        at_enabling=True,
    ),
    "retention_days": Setting(
        Number(1, 365),
        30,
        "Days to keep demo data",
        f"Older data is removed on {CLEANUP_TIMES}, and can be restored for a week.",
    ),
}

_QUOTAS = [name for kind in WINDOW_KINDS.values() for name in kind.quotas]
check_contains("SETTINGS in demo/account_settings.py", SETTINGS, _QUOTAS)
