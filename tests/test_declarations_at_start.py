"""A fact that is declared wrongly or in one of two tables only stops the start of a process with a sentence."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.service_stack import CHECKOUT, PLAIN

# Starts the site with a setting changed. A new setting is added to the model, as the recipe asks.
QUOTAS_START = """
from dataclasses import replace
from demo.windows import WINDOW_KINDS
def replace_quotas(name, *quotas): WINDOW_KINDS[name] = replace(WINDOW_KINDS[name], quotas=quotas)
{}
import demo.account_settings
"""
EVENT_TYPES_START = """
from dataclasses import replace
from interactions.event_types import EVENT_TYPES
def replace_type(name, **values): EVENT_TYPES[name] = replace(EVENT_TYPES[name], **values)
{}
import interactions.events
"""
START = """
from dataclasses import dataclass, replace
from demo import account_settings
from demo.account_settings import SETTINGS, Choice, Setting
from demo.windows import WINDOW_KINDS
{}
import django
django.setup()
import config.urls
"""


def start_with(change: str, folder: Path, start: str = START) -> str:
    """Start the site in a process of its own after the statements of `change`; return the last line of its errors."""
    result = subprocess.run(
        [sys.executable, "-c", start.format(change)],
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


@pytest.mark.sample(1)
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


@pytest.mark.long
def test_a_transport_without_a_class_stops_the_start(tmp_path):
    change = "from demo.engine.transports import TRANSPORTS\nTRANSPORTS['queue'] = TRANSPORTS['http']"
    error = "_TRANSPORT_CLASSES in demo/engine/delivery.py has no entry for queue"
    assert start_with(change, tmp_path).partition(": ")[2].startswith(error)


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("change", "error"),
    [
        (
            "del SETTINGS['retention_days']",
            "SETTINGS in demo/account_settings.py has no entry for retention_days; add it there (see CONTRIBUTING.md).",
        ),
        (
            "SETTINGS['pace'] = SETTINGS.pop('rhythm')",
            "SETTINGS in demo/account_settings.py has no entry for rhythm; add it there (see CONTRIBUTING.md).",
        ),
        (
            "del WINDOW_KINDS['content']",
            "WINDOW_KINDS in demo/windows.py must have at least two kinds, as LEAST() in SQL needs.",
        ),
        (
            "kind = WINDOW_KINDS['interactions']\n"
            "WINDOW_KINDS['interactions'] = replace(kind, quotas=('messages_per_window',))",
            "The tuple `quotas` of interactions windows in demo/windows.py has no entry for comments_per_window; add it"
            " there (see CONTRIBUTING.md).",
        ),
    ],
    ids=[
        "a setting that is removed",
        "a setting that is renamed",
        "one kind of window",
        "a quota left out",
    ],
)
def test_a_wrong_table_stops_the_start_with_a_sentence(tmp_path, change, error):
    assert start_with(change, tmp_path).partition(": ")[2] == error


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("change", "error"),
    [
        (
            "replace_type('message.edited', fields=())",
            "The event type 'message.edited' in interactions/event_types.py declares the fields none; the reader of"
            " 'edit' in interactions/events.py requires text. Change one of them.",
        ),
        (
            "replace_type('message.created', fields=('author', 'conversation_id', 'text', 'url'))",
            "The event type 'message.created' in interactions/event_types.py declares the fields author,"
            " conversation_id, text, url; the reader of 'message' in interactions/events.py requires author,"
            " conversation_id, text. Change one of them.",
        ),
        (
            "replace_type('message.created', fields=('author', 'text'))",
            "The event type 'message.created' in interactions/event_types.py declares the fields author, text; the"
            " reader of 'message' in interactions/events.py requires author, conversation_id, text. Change one of them.",
        ),
        (
            "replace_type('content.metrics', change='visits')",
            "_READERS in interactions/events.py has no entry for visits; add it there (see CONTRIBUTING.md).",
        ),
    ],
    ids=["field left out", "field that is not read", "one of the fields left out", "change without a reader"],
)
def test_fields_that_the_reader_of_an_event_does_not_require_stop_the_start(tmp_path, change, error):
    assert start_with(change, tmp_path, EVENT_TYPES_START).partition(": ")[2] == error


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("change", "error"),
    [
        (
            "replace_quotas('content', 'rhythm')",
            "The quota rhythm must be a Number that may not be empty; it is one of steady, natural.",
        ),
        (
            "replace_quotas('content', 'viral_spikes')",
            "The quota viral_spikes must be a Number that may not be empty; it is true or false.",
        ),
        (
            "replace_quotas('content', 'posting_hour')",
            "The quota posting_hour must be a Number that may not be empty; it is a whole number from 0 to 23, or null.",
        ),
        (
            "replace_quotas('content', 'content_per_day', 'comments_per_window')",
            "WINDOW_KINDS in demo/windows.py names the quota comments_per_window more than once.",
        ),
        (
            "replace_quotas('content', 'stories_per_day')",
            "SETTINGS in demo/account_settings.py has no entry for stories_per_day; add it there (see CONTRIBUTING.md).",
        ),
    ],
    ids=["choice", "flag", "number that may be empty", "quota of two kinds", "no setting"],
)
def test_a_quota_that_is_not_a_number_of_one_kind_stops_the_start(tmp_path, change, error):
    assert start_with(change, tmp_path, QUOTAS_START).partition(": ")[2] == error


@pytest.mark.long
def test_a_demo_without_default_platforms_stops_the_start(tmp_path):
    change = (
        "platforms = Path('accounts/platforms.py').read_text()\n"
        "exec(platforms.replace('in_default_demo=True', 'in_default_demo=False'))"
    )
    assert start_with(change, tmp_path, "from pathlib import Path\n{}").partition(": ")[2] == (
        "DEFAULT_PLATFORMS (`in_default_demo` in accounts/platforms.py) must not be empty."
    )


@pytest.mark.long
def test_a_rhythm_that_the_simulator_cannot_draw_stops_the_start(tmp_path):
    rhythms = 'Choice((*SETTINGS["rhythm"].value_type.options, ("weekly", "Weekly")))'
    error = start_with(f'SETTINGS["rhythm"] = replace(SETTINGS["rhythm"], value_type={rhythms})', tmp_path)
    assert error == (
        "accounts.declarations.IncompleteTable: RHYTHMS in demo/simulator/windows.py has no entry for weekly;"
        " add it there (see CONTRIBUTING.md)."
    )
