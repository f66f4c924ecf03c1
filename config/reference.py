"""Renders docs/reference.md from the tables that the code reads. Called by `manage.py reference`; a test compares both."""

from collections.abc import Iterable, Sequence

from accounts.fields import describe_handles
from accounts.platforms import PLATFORMS
from demo import simulator
from demo.account_settings import SETTINGS, Setting
from demo.models import StoryEvent
from demo.models.story import ORIGINS
from demo.schedules import SCHEDULES, Schedule
from demo.simulator.platforms import PLATFORM_FIGURES, SOURCES
from demo.windows import WINDOW_KINDS, WindowKind
from interactions.event_types import EVENT_TYPES

HEAD = """# Reference

Written by `python manage.py reference`, from the tables that the code reads; change the tables, not this page.
"""
FIGURES = (
    "half_life",
    "comments_sigma",
    "no_comments",
    "reply_share",
    "reply_delay",
    "emoji_share",
    "median_length",
)


def render() -> str:
    """The whole page, in Markdown."""
    sections = (
        ("Settings of a demo (`demo/account_settings.py`)", _settings()),
        ("Platforms (`accounts/platforms.py`)", _platforms()),
        ("Figures of the simulator (`demo/simulator/platforms.py`)", _figures()),
        ("Windows (`demo/windows.py`)", _windows()),
        ("Event types (`interactions/event_types.py`)", _event_types()),
        ("Origins of a story's events (`demo/models/story.py`)", _origins()),
        ("Periodic tasks (`demo/schedules.py`)", _schedules()),
        ("Niches (`demo/simulator/words/`)", _niches()),
    )
    return HEAD + "".join(f"\n## {title}\n\n{table}" for title, table in sections)


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(map(str, line))} |\n" for line in lines)


def _code(values: Iterable[str]) -> str:
    return ", ".join(f"`{value}`" for value in values)


def _settings() -> str:
    rows = (
        (
            f"`{name}`",
            setting.value_type.description,
            _default(setting),
            f"{setting.label}. {setting.help}".strip(),
        )
        for name, setting in SETTINGS.items()
    )
    return _table(("setting", "values", "default", "meaning"), rows)


def _default(setting: Setting) -> str:
    known = {None: "null", True: "`true`", False: "`false`"}
    return known[setting.default] if isinstance(setting.default, bool | None) else f"`{setting.default}`"


def _platforms() -> str:
    rows = (
        (
            *(f"`{name}`", spec.label, spec.profile_id_help, describe_handles(spec.handles)),
            *("yes" if spec.has_messages else "no", "yes" if spec.in_default_demo else "no"),
        )
        for name, spec in PLATFORMS.items()
    )
    head = (
        "platform",
        "label",
        "`platform_id` of a profile",
        "handles",
        "direct messages",
        "in a demo by default",
    )
    return _table(head, rows)


def _figures() -> str:
    rows = (
        (
            f"`{name}`",
            *(f"{(figure := getattr(figures, one)):g} [{figure.source}]" for one in FIGURES),
        )
        for name, figures in PLATFORM_FIGURES.items()
    )
    head = (
        *("platform", "half-life of comments, h", "sd of ln(comments per post)", "posts without comments"),
        *("replies among comments", "delay of replies, h", "comments with emoji", "length, characters"),
    )
    sources = "".join(f"* {key}: {meaning}\n" for key, meaning in sorted(SOURCES.items()))
    return f"{_table(head, rows)}\n{sources}"


def _windows() -> str:
    rows = (
        (
            name,
            f"{kind.hours} h",
            _starts(kind),
            f"{kind.min_delay.total_seconds() / 3600:g} h",
            _code(kind.quotas),
        )
        for name, kind in WINDOW_KINDS.items()
    )
    return _table(("kind", "length", "starts (UTC)", "none within, after enabling", "quotas"), rows)


def _starts(kind: WindowKind) -> str:
    starts = (kind.start_offset + number * kind.length for number in range(kind.per_day))
    return ", ".join(f"{start.seconds // 3600:02}:00" for start in starts)


def _event_types() -> str:
    rows = (
        (f"`{one.name}`", one.label, _code(one.fields) or "-", "yes" if one.name in StoryEvent.Type else "no")
        for one in EVENT_TYPES.values()
    )
    return _table(
        ("type", "meaning", "fields besides `type`, `id` and `occurred_at`", "in a demo's story"), rows
    )


def _origins() -> str:
    rows = ((f"`{name}`", origin.planned_by) for name, origin in ORIGINS.items())
    return _table(("origin", "planned by"), rows)


def _schedules() -> str:
    return _table(
        ("name", "task", "when"), ((f"`{one.name}`", f"`{one.task}`", _when(one)) for one in SCHEDULES)
    )


def _when(schedule: Schedule) -> str:
    if schedule.cron is None:
        return f"every {schedule.every} s"
    minute, hour, weekday = schedule.cron
    return f"`{minute} {hour} * * {weekday}` (UTC)"


def _niches() -> str:
    rows = ((name, code, _code(simulator.niches(code))) for code, name in simulator.language_choices())
    return _table(("language", "code", "niches"), rows)
