"""A fact that is declared wrongly or in one of two tables only stops the start with a sentence. No database, no clock."""

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from accounts.declarations import IncompleteTable, InvalidDeclaration, check_table
from demo import simulator
from demo.account_settings import Choice, Flag, Number, Setting, TimeZone
from demo.models import DemoAccount, StoryEvent
from demo.models.account import NEXT_WINDOW_COLUMNS, ORDINAL_COLUMNS
from demo.windows import CONTENT_WINDOWS, WINDOW_KINDS, WindowKind
from interactions.events import aspects_of
from interactions.upserts import VALUE_COLUMNS
from tests.service_stack import CHECKOUT, PLAIN

HOUR = timedelta(hours=1)
# Starts the site with a setting changed. A new setting is added to the model, as the recipe asks.
START = """
from dataclasses import dataclass, replace
from demo import account_settings
from demo.account_settings import SETTINGS, Choice, Setting
{}
import django
django.setup()
import config.urls
"""


def start_with(change: str, folder: Path) -> str:
    """Start the site in a process of its own after the statements of `change`; return the last line of its errors."""
    result = subprocess.run(
        [sys.executable, "-c", START.format(change)],
        cwd=CHECKOUT,
        env=PLAIN | {"DJANGO_SETTINGS_MODULE": "config.settings", "DATA_DIR": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    return result.stderr.strip().rpartition("\n")[2]


TEXT = """
@dataclass(frozen=True)
class Text:
    description = "a text"
    def accepts(self, value): return isinstance(value, str)
"""
TEXT_IS_DECLARED = "account_settings.SETTING_TYPES = (*account_settings.SETTING_TYPES, 'Text')\n"
GREETING = "SETTINGS['greeting'] = Setting(Text(), 'Hello', 'Greeting')\n"
LOADED = "import django\ndjango.setup()\n"


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (TEXT + GREETING, 'The setting "Greeting" is a Text, which is not in SettingType'),
        (
            TEXT + TEXT_IS_DECLARED + GREETING,
            "_COLUMNS in demo/models/setting_columns.py has no entry for Text",
        ),
        (LOADED + TEXT_IS_DECLARED, "_FIELDS in demo/api/serializers.py has no entry for Text"),
    ],
    ids=["type", "column", "field"],
)
def test_a_type_of_setting_that_a_table_lacks_stops_the_start(tmp_path, change, error):
    assert start_with(change, tmp_path).partition(": ")[2].startswith(error)


def test_a_transport_without_a_class_stops_the_start(tmp_path):
    change = "from demo.engine.transports import TRANSPORTS\nTRANSPORTS['queue'] = TRANSPORTS['http']"
    error = "_TRANSPORT_CLASSES in demo/engine/delivery.py has no entry for queue"
    assert start_with(change, tmp_path).partition(": ")[2].startswith(error)


def test_a_rhythm_that_the_simulator_cannot_draw_stops_the_start(tmp_path):
    rhythms = 'Choice((*SETTINGS["rhythm"].value_type.options, ("weekly", "Weekly")))'
    error = start_with(f'SETTINGS["rhythm"] = replace(SETTINGS["rhythm"], value_type={rhythms})', tmp_path)
    assert error == (
        "accounts.declarations.IncompleteTable: RHYTHMS in demo/simulator/windows.py has no entry for weekly;"
        " add it there (see CONTRIBUTING.md)."
    )


def kind(length: timedelta, start_offset: timedelta = 0 * HOUR) -> WindowKind:
    return WindowKind("stories", "stories", length, start_offset, min_delay=HOUR, quotas=())


def test_a_table_without_a_declared_entry_is_named_with_the_entry():
    with pytest.raises(IncompleteTable, match=r"^COLORS in colors.py has no entry for x; add it there"):
        check_table("COLORS in colors.py", ["y"], ["x", "y"])
    with pytest.raises(IncompleteTable, match=r"has an entry for z, which is not declared"):
        check_table("COLORS in colors.py", ["x", "z"], ["x"])


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
    assert aspects_of("interaction") == ("created", "text", "deletion")
