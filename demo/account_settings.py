"""The settings of a demo: names, ranges, defaults, labels and help texts. Pure.

A setting is declared here and nowhere else. The account's columns, the constraint of the database, the API with its
schema, the page Settings, the admin and `docs/reference.md` read SETTINGS. A wrong range, default or option stops the start.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from accounts.declarations import (
    FilledText,
    InvalidDeclaration,
    check_contains,
    check_not_empty,
    gettext_noop,
)
from accounts.zone_names import UNUSABLE_TIME_ZONES
from demo.simulator.posts import SPIKE_SHARE
from demo.windows import (
    CLEANUP_TIMES,
    CONTENT_WINDOWS,
    INTERACTION_WINDOWS,
    RESTORABLE_DAYS,
    WINDOW_KINDS,
)

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

    @property
    def description(self) -> str:
        return f"a whole number from {self.min} to {self.max}{', or null' if self.may_be_empty else ''}"

    def accepts(self, value: object) -> bool:
        if value is None:
            return self.may_be_empty
        return isinstance(value, int) and not isinstance(value, bool) and self.min <= value <= self.max


@dataclass(frozen=True)
class Choice:
    """One of `options`, which are pairs of value and label."""

    options: tuple[tuple[str, str], ...]

    def __post_init__(self) -> None:
        check_not_empty("The options of a Choice", self.options)
        for value, label in self.options:
            check_not_empty("A value of a Choice", value)
            check_not_empty(f"The label of the option {value!r}", label)
            if self.values.count(value) > 1:
                raise InvalidDeclaration(f"A Choice has the option {value!r} twice; remove one.")

    @property
    def values(self) -> tuple[str, ...]:
        return tuple(value for value, _ in self.options)

    @property
    def description(self) -> str:
        return f"one of {', '.join(self.values)}"

    def accepts(self, value: object) -> bool:
        return value in self.values


@dataclass(frozen=True)
class Flag:
    """On or off."""

    description = "true or false"

    def accepts(self, value: object) -> bool:
        return isinstance(value, bool)


@dataclass(frozen=True)
class TimeZone:
    """An IANA time zone."""

    description = "an IANA name"

    def accepts(self, value: object) -> bool:
        """Whether the zone can be read. Every start calls this, and reading the list of all zones would take 30 ms."""
        if not isinstance(value, str) or value in UNUSABLE_TIME_ZONES:
            return False
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            return False
        return True


# The types of a setting: `description` continues "must be". The columns and the fields of the API have a table of them.
SettingType = Number | Choice | Flag | TimeZone
SETTING_TYPES = tuple(type.__name__ for type in get_args(SettingType))


@dataclass(frozen=True)
class Setting:
    """One setting. `at_enabling`: it may also be an option of enabling."""

    value_type: SettingType
    default: int | str | bool | None
    label: str
    help: str = ""
    at_enabling: bool = False

    def __post_init__(self) -> None:
        check_not_empty("The label of a setting", self.label)
        if type(self.value_type).__name__ not in SETTING_TYPES:
            raise InvalidDeclaration(
                f'The setting "{self.label}" is a {type(self.value_type).__name__}, which is not in SettingType in'
                " demo/account_settings.py; add it there."
            )
        if self.at_enabling and self.value_type.accepts(None):
            raise InvalidDeclaration(
                f'The setting "{self.label}" may be empty, so it cannot be an option of enabling, where an empty option'
                " keeps the stored value."
            )
        if not self.value_type.accepts(self.default):
            raise InvalidDeclaration(
                f'The default of the setting "{self.label}", {self.default!r}, is not one of its values.'
            )


SETTINGS: Mapping[str, Setting] = {
    "content_per_day": Setting(Number(0, 20), 2, gettext_noop("Posts a day")),
    "comments_per_window": Setting(
        Number(0, 200),
        10,
        FilledText(gettext_noop("Comments every %(hours)d hours"), hours=INTERACTION_WINDOWS.hours),
    ),
    "messages_per_window": Setting(
        Number(0, 100),
        5,
        FilledText(gettext_noop("Direct messages every %(hours)d hours"), hours=INTERACTION_WINDOWS.hours),
    ),
    "posting_hour": Setting(
        Number(0, 23, may_be_empty=True),
        None,
        gettext_noop("Posting hour"),
        FilledText(
            gettext_noop("The local hour of the day's first post, 0 to 23. Empty: %(time)s."),
            time=CONTENT_WINDOWS.first_start,
        ),
    ),
    "time_zone": Setting(
        TimeZone(),
        "UTC",
        gettext_noop("Time zone"),
        gettext_noop("Where the audience lives, such as Europe/Berlin."),
    ),
    "rhythm": Setting(
        Choice(
            (
                (
                    "steady",
                    FilledText(
                        gettext_noop("Steady: the exact numbers set, every %(hours)d hours"),
                        hours=INTERACTION_WINDOWS.hours,
                    ),
                ),
                (
                    "natural",
                    gettext_noop(
                        "Natural: fewer at night, more in the evening and after a popular post; the same on average"
                    ),
                ),
            )
        ),
        "steady",
        gettext_noop("Rhythm"),
        FilledText(
            gettext_noop("How many comments and messages arrive in each %(hours)d hours."),
            hours=INTERACTION_WINDOWS.hours,
        ),
        at_enabling=True,
    ),
    "viral_spikes": Setting(
        Flag(),
        True,
        gettext_noop("Viral spikes"),
        FilledText(
            gettext_noop(
                "One post in %(number)d gets several times its comments, for about a day and a half, on top of the numbers set."
            ),
            number=round(1 / SPIKE_SHARE),
        ),
        at_enabling=True,
    ),
    "retention_days": Setting(
        Number(1, 365),
        30,
        gettext_noop("Days to keep demo data"),
        FilledText(
            gettext_noop("Older data expires on %(times)s; an operator can restore it for %(days)d days."),
            times=CLEANUP_TIMES,
            days=RESTORABLE_DAYS,
        ),
    ),
}

ENABLING_SETTINGS = {name: setting for name, setting in SETTINGS.items() if setting.at_enabling}


def _check_quotas() -> None:
    """Raise InvalidDeclaration unless each quota of WINDOW_KINDS is one setting, a Number that may not be empty."""
    quotas = [name for kind in WINDOW_KINDS.values() for name in kind.quotas]
    check_contains("SETTINGS in demo/account_settings.py", SETTINGS, quotas)
    for name in quotas:
        value_type = SETTINGS[name].value_type
        if not isinstance(value_type, Number) or value_type.may_be_empty:
            raise InvalidDeclaration(
                f"The quota {name} must be a Number that may not be empty; it is {value_type.description}."
            )
        if quotas.count(name) > 1:
            raise InvalidDeclaration(
                f"WINDOW_KINDS in demo/windows.py names the quota {name} more than once."
            )


_check_quotas()
