"""The settings of a demo: names, ranges, defaults, labels and help texts. Pure.

A setting is declared here and nowhere else. The account's columns, the constraint of the database, the API with its
schema, the page Settings, the admin and `docs/api.md` read SETTINGS.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from demo.windows import INTERACTIONS


@dataclass(frozen=True)
class Number:
    """A whole number from `min` to `max`; with `may_be_empty` also none."""

    min: int
    max: int
    may_be_empty: bool = False


@dataclass(frozen=True)
class Choice:
    """One of `options`, pairs of value and label."""

    options: tuple[tuple[str, str], ...]

    @property
    def values(self) -> tuple[str, ...]:
        return tuple(value for value, _ in self.options)


@dataclass(frozen=True)
class Flag:
    """On or off."""


@dataclass(frozen=True)
class TimeZone:
    """An IANA time zone."""


@dataclass(frozen=True)
class Setting:
    """`default` is of the type that `kind` describes. `at_enabling`: may also be given when demo mode is switched on."""

    kind: Number | Choice | Flag | TimeZone
    default: int | str | bool | None
    label: str
    help: str = ""
    at_enabling: bool = False


_HOURS = INTERACTIONS.length.seconds // 3600

SETTINGS: Mapping[str, Setting] = {
    "content_per_day": Setting(Number(0, 20), 2, "Posts a day"),
    "comments_per_window": Setting(Number(0, 200), 10, f"Comments every {_HOURS} hours"),
    "messages_per_window": Setting(Number(0, 100), 5, f"Direct messages every {_HOURS} hours"),
    "posting_hour": Setting(
        Number(0, 23, may_be_empty=True),
        None,
        "Posting hour",
        "The local hour of the day's first post, 0 to 23. Empty: 10:00 UTC.",
    ),
    "time_zone": Setting(TimeZone(), "UTC", "Time zone", "Where the audience lives, such as Europe/Berlin."),
    "rhythm": Setting(
        Choice(
            (
                ("steady", f"Steady: the exact numbers set, every {_HOURS} hours"),
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
        "Older data is removed on Mondays at 03:00 UTC, and can be restored for a week.",
    ),
}
