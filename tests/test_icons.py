"""The sprite of icons has those that the pages name, and no other."""

import re
from xml.etree import ElementTree

from config.settings import BASE_DIR

SPRITE = BASE_DIR / "interactions/static/perennial/icons.svg"
APPS = ("accounts", "demo", "interactions")
# Where names of icons stand: tags of templates, and the tables of figures and scenarios.
TAGS = re.compile(r"{%[^%]+%}")
TABLES = ("demo/dashboard/panel.py", "demo/dashboard/scenario_cards.py", "interactions/pages/post_cards.py")
NAMED = re.compile(r'(?:icon_name=|% (?:icon|drawing|(?:nav|section)_link "[\w-]+") )"([a-z0-9-]+)"')


def tags() -> list[str]:
    templates = (path for app in APPS for path in (BASE_DIR / app).rglob("templates/**/*.html"))
    return [tag for path in templates for tag in TAGS.findall(path.read_text())]


def drawn() -> set[str]:
    return {symbol.attrib["id"] for symbol in ElementTree.parse(SPRITE).getroot()}


def test_each_icon_that_a_template_names_is_drawn():
    named = {name for tag in tags() for name in NAMED.findall(tag)}
    assert len(named) > 50
    assert named - drawn() == set()


def test_each_drawn_icon_is_named():
    text = "\n".join([*tags(), *((BASE_DIR / path).read_text() for path in TABLES)])
    assert {name for name in drawn() if not re.search(rf'["\' ]{name}["\' ]', text)} == set()
