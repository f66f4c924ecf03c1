"""A fact that is declared wrongly or in one of two tables only is refused with a sentence. No database, no clock."""

from collections.abc import Callable
from dataclasses import fields, replace
from datetime import timedelta

import pytest
from django.apps import apps
from django.db.models.signals import pre_migrate

from accounts.declarations import FilledText, IncompleteTable, InvalidDeclaration, by_name, check_table
from accounts.handles import HandleRule
from accounts.platforms import PLATFORMS
from demo import simulator
from demo.account_settings import Choice, Flag, Number, Setting, TimeZone
from demo.models import DemoAccount, StoryEvent
from demo.models.account import NEXT_WINDOW_COLUMNS, ORDINAL_COLUMNS
from demo.schedules import Schedule
from demo.simulator.platforms import (
    INTENTS,
    PLATFORM_FIGURES,
    RANGES,
    ActivityCurve,
    Figure,
    PlatformFigures,
)
from demo.simulator.scenario_plans import SCENARIO_PLANS, ScenarioPlan
from demo.windows import CONTENT_WINDOWS, WINDOW_KINDS, WindowKind
from interactions.event_types import EventType
from interactions.events import aspects_of
from interactions.upserts import VALUE_COLUMNS

HOUR = timedelta(hours=1)


def test_each_number_of_the_figures_has_a_range():
    numbers = {one.name for one in fields(PlatformFigures) if one.type in (Figure, float)}
    assert set(RANGES) == numbers


def kind(length: timedelta, start_offset: timedelta = 0 * HOUR) -> WindowKind:
    return WindowKind("stories", "stories", length, start_offset, min_delay=HOUR, quotas=())


def test_a_table_without_a_declared_entry_is_named_with_the_entry():
    with pytest.raises(IncompleteTable, match=r"^COLORS in colors.py has no entry for x; add it there"):
        check_table("COLORS in colors.py", ["y"], ["x", "y"])
    with pytest.raises(IncompleteTable, match=r"has an entry for z, which is not declared"):
        check_table("COLORS in colors.py", ["x", "z"], ["x"])


def test_a_task_that_workers_do_not_have_is_refused_before_migrations(monkeypatch):
    pre_migrate.send(apps.get_app_config("demo"))
    monkeypatch.setattr("demo.schedules.SCHEDULES", [Schedule("odd", "demo.tasks.sweeep", 60, every=60)])
    with pytest.raises(InvalidDeclaration) as raised:
        pre_migrate.send(apps.get_app_config("demo"))
    assert str(raised.value) == (
        "The schedule 'odd' names the task 'demo.tasks.sweeep', which no tasks.py has."
    )


def test_each_kind_of_window_has_its_two_columns():
    assert sorted(kind.next_window_column for kind in WINDOW_KINDS.values()) == list(NEXT_WINDOW_COLUMNS)
    assert sorted(kind.ordinal_column for kind in WINDOW_KINDS.values()) == list(ORDINAL_COLUMNS)
    assert {field.name for field in DemoAccount._meta.fields} >= {*NEXT_WINDOW_COLUMNS, *ORDINAL_COLUMNS}


def test_each_origin_that_the_simulator_sets_and_each_scenario_is_an_origin_of_the_story():
    origins = ["initial", "window", "generate", "spike", "brand", "figures"]
    scenarios = ["viral-spike", "complaint-wave", "product-launch"]
    assert (list(simulator.ORIGINS), list(simulator.SCENARIOS)) == (origins[3:], scenarios)
    assert StoryEvent.Origin.values == [*origins, *scenarios]
    assert StoryEvent.Origin("viral-spike").label == "Viral spike"


@pytest.mark.parametrize("length", [0 * HOUR, 0.5 * HOUR, 1.5 * HOUR, 5 * HOUR, 48 * HOUR])
def test_a_length_that_is_not_of_whole_hours_of_a_day_is_refused(length):
    with pytest.raises(InvalidDeclaration, match=r"^The length of stories windows is"):
        kind(length)


@pytest.mark.parametrize("start_offset", [-HOUR, 0.5 * HOUR, 6 * HOUR])
def test_a_start_outside_the_first_window_of_a_day_is_refused(start_offset):
    with pytest.raises(InvalidDeclaration, match=r"^stories windows start at"):
        kind(6 * HOUR, start_offset)


@pytest.mark.parametrize(
    ("window", "cron"),
    [
        (CONTENT_WINDOWS, ("0", "10", "*")),
        (kind(HOUR), ("0", "*/1", "*")),
        (kind(6 * HOUR), ("0", "*/6", "*")),
        (kind(6 * HOUR, 2 * HOUR), ("0", "2-23/6", "*")),
    ],
)
def test_the_crontab_of_a_kind_fires_at_its_starts(window, cron):
    assert window.cron == cron


YOUTUBE = PLATFORM_FIGURES["youtube"]


def figures(**values) -> Callable[[], PlatformFigures]:
    return lambda: replace(YOUTUBE, **values)


def curve(**values) -> Callable[[], ActivityCurve]:
    return lambda: replace(YOUTUBE.activity, **values)


def rule(
    *, max_length: int = 50, signs: str = "._", source: str = "a page", **values
) -> Callable[[], HandleRule]:
    return lambda: HandleRule(max_length, signs, source, **values)


UNKNOWN_SIGN = "A HandleRule has the sign '+'; it must be one of . _ - (SIGNS in accounts/handles.py)."
WRONG_PLATFORMS = {
    "an unknown sign": (rule(signs="+"), UNKNOWN_SIGN),
    "an unknown older sign": (rule(older_signs="+"), UNKNOWN_SIGN),
    "an unknown edge sign": (rule(registered_edge_signs="+"), UNKNOWN_SIGN),
    "no edge sign": (
        rule(registered_edge_signs=""),
        "The registered_edge_signs of a HandleRule must not be empty.",
    ),
    "a maximum of 0": (
        rule(max_length=0),
        "The max_length of a HandleRule is 0; it must be from 1 to 255.",
    ),
    "a maximum that the column cannot store": (
        rule(max_length=256),
        "The max_length of a HandleRule is 256; it must be from 1 to 255.",
    ),
    "a minimum above the maximum": (
        rule(min_length=51),
        "The min_length of a HandleRule is 51; it must be from 1 to 50.",
    ),
    "a rule without a source": (rule(source=""), "The source of a HandleRule must not be empty."),
    "a platform without a label": (
        lambda: replace(PLATFORMS["x"], label=""),
        "The label of a platform must not be empty.",
    ),
    "a platform without a profile id": (
        lambda: replace(PLATFORMS["x"], profile_id_help=""),
        "The profile_id_help of X must not be empty.",
    ),
    "23 hours": (
        curve(hours=(1.0,) * 23),
        "The number of hours in an ActivityCurve is 23; it must be 24.",
    ),
    "8 weekdays": (
        curve(weekdays=(1.0,) * 8),
        "The number of weekdays in an ActivityCurve is 8; it must be 7.",
    ),
    "a negative hour": (
        curve(hours=(*(1.0,) * 23, -1.0)),
        "A value of the hours of an ActivityCurve is -1.0; it must be from 0.001 to 1000.",
    ),
    "a curve of an unknown source": (
        curve(source="Z"),
        "The source 'Z' is not in SOURCES in demo/simulator/platforms.py; add it there.",
    ),
    "a figure of an unknown source": (
        lambda: Figure(1.0, "Z"),
        "The source 'Z' is not in SOURCES in demo/simulator/platforms.py; add it there.",
    ),
    "no content kinds": (figures(content_kinds=()), "The figure content_kinds must not be empty."),
    "content kinds that are a text": (
        figures(content_kinds="post"),
        "content_kinds is 'post'; it must be a tuple of kinds.",
    ),
    "an empty content kind": (figures(content_kinds=("",)), "A kind in content_kinds must not be empty."),
    "hashtags from 6 to 3": (
        figures(hashtags=(6, 3)),
        "The minimum in hashtags is 6; it must be from 0 to 3.",
    ),
    "more hashtags than a niche has": (
        figures(hashtags=(3, 15)),
        "The maximum in hashtags is 15; it must be from 0 to 14.",
    ),
    "one number of hashtags": (
        figures(hashtags=(3,)),
        "The number of values in the figure hashtags is 1; it must be 2.",
    ),
    "a half-life of 0": (
        figures(half_life=0),
        "The figure half_life is 0; it must be from 0.01 to 1000000.",
    ),
    "a negative half-life": (
        figures(half_life=-1),
        "The figure half_life is -1; it must be from 0.01 to 1000000.",
    ),
    "a figure that is no number": (
        figures(reply_delay=float("nan")),
        "The figure reply_delay is nan; it must be from 0.01 to 1000.",
    ),
    "a share above 1": (
        figures(no_comments=1.5),
        "The figure no_comments is 1.5; it must be from 0 to 0.99.",
    ),
    "an intent left out": (
        figures(intents={name: 20 for name in INTENTS if name != "spam"}),
        "The figure intents in demo/simulator/platforms.py has no entry for spam; add it there (see CONTRIBUTING.md).",
    ),
    "intents that are all 0": (
        figures(intents=dict.fromkeys(INTENTS, 0)),
        "The sum of the intents is 0; it must be 100.",
    ),
    "a negative intent": (
        figures(intents=YOUTUBE.intents | {"joke": -1}),
        "The intent joke is -1; it must be from 0 to 100.",
    ),
    "opinions above 1": (
        figures(opinions=(0.6, 0.6)),
        "The sum of the opinions is 1.2; it must be from 0 to 1.",
    ),
    "emoji only, though all are questions": (
        figures(intents=dict.fromkeys(INTENTS, 0) | {"question": 96, "spam": 4}),
        "The share of comments that are emoji only, a question or spam is 1.04; it must be from 0 to 0.99.",
    ),
    "a maximum length of 0": (
        figures(max_length=0),
        "The figure max_length is 0; it must be from 1 to 65536.",
    ),
    "a band from 0.9 to 0.5": (
        figures(gini_band=(0.9, 0.5)),
        "The start of gini_band is 0.9; it must be from 0 to 0.5.",
    ),
}


def schedule(
    *, name: str = "odd", task: str = "demo.tasks.plan", expires: int = 60, **timing
) -> Callable[[], Schedule]:
    return lambda: Schedule(name, task, expires, **timing)


def cron(*values: str) -> tuple[Callable[[], Schedule], str]:
    """A schedule of these fields, and the sentence that refuses it."""
    return schedule(cron=values), (
        f"The `cron` of the schedule 'odd' is {values!r}; it must be minute, hour and day of the week, such as"
        ' ("30", "3", "*").'
    )


WRONG_SCHEDULES = {
    "a schedule without a timing": (schedule(), "The schedule 'odd' must have either `cron` or `every`."),
    "a schedule of two timings": (
        schedule(cron=("0", "3", "*"), every=60),
        "The schedule 'odd' must have either `cron` or `every`.",
    ),
    "a schedule without a name": (schedule(name="", every=60), "The name of a schedule must not be empty."),
    "every 0": (
        schedule(every=0),
        "The number `every` of the schedule 'odd' is 0; it must be from 1 to 86400.",
    ),
    "every -5": (
        schedule(every=-5),
        "The number `every` of the schedule 'odd' is -5; it must be from 1 to 86400.",
    ),
    "every of a text": (
        schedule(every="60"),
        "The number `every` of the schedule 'odd' is 60; it must be from 1 to 86400.",
    ),
    "expires 0": (
        schedule(every=60, expires=0),
        "The number `expires` of the schedule 'odd' is 0; it must be from 1 to 604800.",
    ),
    "hour 33": cron("0", "33", "*"),
    "two fields": cron("0", "3"),
    "an empty field": cron("0", "", "*"),
    "a word": cron("0", "noon", "*"),
    "no texts": cron(None, None, None),
    "two schedules of one name": (
        lambda: by_name("SCHEDULES in demo/schedules.py", [schedule(every=60)(), schedule(every=90)()]),
        "SCHEDULES in demo/schedules.py has two entries named 'odd'; rename one.",
    ),
}


def plan(**values) -> Callable[[], ScenarioPlan]:
    return lambda: replace(SCENARIO_PLANS["viral-spike"], **values)


WRONG_SCENARIOS = {
    "a scenario without a label": (plan(label=""), "The label of a scenario must not be empty."),
    "an unknown kind of comment": (
        plan(kinds={"rage": 3}),
        "COMMENT_KINDS in demo/simulator/tables.py has no entry for rage; add it there (see CONTRIBUTING.md).",
    ),
    "a negative number of replies": (
        plan(replies=-1),
        "A number of events of the scenario 'Viral spike' is -1; it must be from 0 to 1000.",
    ),
    "a share of replies above 1": (
        plan(brand_reply_share=2),
        "The brand_reply_share of the scenario 'Viral spike' is 2; it must be from 0 to 1.",
    ),
    "no reach": (
        plan(reach=0),
        "The reach of the scenario 'Viral spike' is 0; it must be from 0.01 to 1000.",
    ),
    "no curve": (plan(curve=()), "The curve of the scenario 'Viral spike' must not be empty."),
    "a curve that does not begin at 0": (
        plan(curve=((0, 0.5), (1, 1))),
        "The first share in the curve of the scenario 'Viral spike' is 0.5; it must be 0.",
    ),
    "a curve that does not end at 1": (
        plan(curve=((0, 0), (1, 0.9))),
        "The last share in the curve of the scenario 'Viral spike' is 0.9; it must be 1.",
    ),
    "a curve that goes back": (
        plan(curve=((0, 0), (2, 0.5), (1, 1))),
        "In the scenario 'Viral spike', (0, 2, 1) must rise from one to the next.",
    ),
    "a negative minute": (
        plan(report_minutes=(-1,)),
        "A minute of the scenario 'Viral spike' is -1; it must be from 0 to 1440.",
    ),
}
WRONG_DECLARATIONS = {
    **WRONG_SCENARIOS,
    **WRONG_SCHEDULES,
    **WRONG_PLATFORMS,
    "a negative min_delay": (
        lambda: replace(CONTENT_WINDOWS, min_delay=-HOUR),
        "The min_delay of content windows is -1 day, 23:00:00; it must be from 0:00:00 to 30 days, 0:00:00.",
    ),
    "a min_delay that is a number": (
        lambda: replace(CONTENT_WINDOWS, min_delay=6),
        "The min_delay of content windows is 6; it must be from 0:00:00 to 30 days, 0:00:00.",
    ),
    "a kind of window without a label": (
        lambda: replace(CONTENT_WINDOWS, label=""),
        "The label of content windows must not be empty.",
    ),
    "two kinds of window of one name": (
        lambda: by_name("WINDOW_KINDS in demo/windows.py", [CONTENT_WINDOWS, CONTENT_WINDOWS]),
        "WINDOW_KINDS in demo/windows.py has two entries named 'content'; rename one.",
    ),
    "a setting without a label": (
        lambda: Setting(Flag(), True, ""),
        "The label of a setting must not be empty.",
    ),
    "a choice without options": (lambda: Choice(()), "The options of a Choice must not be empty."),
    "an option twice": (
        lambda: Choice((("a", "A"), ("b", "B"), ("a", "C"))),
        "A Choice has the option 'a' twice; remove one.",
    ),
    "an option without a label": (
        lambda: Choice((("a", ""),)),
        "The label of the option 'a' must not be empty.",
    ),
    "an event type of an unknown row": (
        lambda: EventType("story.edited", "Edit of a story", "edit", ("text",)),
        "The event type 'story.edited' must be one of content, comment, message, a dot, and a word.",
    ),
    "an event type without a verb": (
        lambda: EventType("content", "Content", "content", ("text",)),
        "The event type 'content' must be one of content, comment, message, a dot, and a word.",
    ),
    "an event type that creates another row": (
        lambda: EventType("comment.created", "Comment", "message"),
        "The change of the event type 'comment.created' is 'message', which creates another type of row; it must be"
        " 'comment'.",
    ),
    "an event type without a label": (
        lambda: EventType("comment.pinned", "", "pin"),
        "The label of the event type 'comment.pinned' must not be empty.",
    ),
}


@pytest.mark.parametrize(("declare", "error"), WRONG_DECLARATIONS.values(), ids=WRONG_DECLARATIONS)
def test_a_wrong_declaration_is_refused_with_a_sentence(declare, error):
    with pytest.raises(InvalidDeclaration) as raised:
        declare()
    assert str(raised.value) == error


@pytest.mark.parametrize(("low", "high"), [(-1, 5), (5, 5), (1, 32_768)])
def test_a_range_that_its_column_cannot_store_is_refused(low, high):
    with pytest.raises(InvalidDeclaration, match=r"must be a range within 0 and 32767"):
        Number(low, high)


@pytest.mark.parametrize(
    ("of", "default"),
    [
        (Number(1, 9), 0),
        (Number(1, 9), None),
        (Number(0, 9), True),
        (Choice((("a", "A"),)), "b"),
        (Flag(), 1),
        (TimeZone(), None),
        (TimeZone(), ""),
        (TimeZone(), "Mars/X"),
        (TimeZone(), "Europe"),
        (TimeZone(), "localtime"),
        (TimeZone(), "x" * 65),
    ],
)
def test_a_default_that_is_not_a_value_of_the_setting_is_refused(of, default):
    with pytest.raises(InvalidDeclaration, match=r'^The default of the setting "Odd", '):
        Setting(of, default, "Odd")


def test_each_value_that_events_change_has_its_columns_and_its_pending_change():
    assert {target: list(columns) for target, columns in VALUE_COLUMNS.items()} == {
        "content": ["views", "likes", "shares"],
        "interaction": [],
    }
    assert aspects_of("content") == ("created", "text", "deletion", "views", "likes", "shares")
    assert aspects_of("interaction") == ("created", "text", "deletion", "hidden")


def test_a_filled_text_keeps_what_its_translation_is_filled_with():
    text = FilledText("Comments every %(hours)d hours", hours=6)
    assert (text, text.template, text.values) == (
        "Comments every 6 hours",
        "Comments every %(hours)d hours",
        {"hours": 6},
    )
