"""Marks every translated text, and finds the texts of a page that stand outside of marks. A plugin of `conftest.py`."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from gettext import GNUTranslations
from html.parser import HTMLParser
from pathlib import Path

import django
import pytest
from django.conf import settings
from django.utils import translation
from django.utils.translation.template import templatize

BEGIN, END = "\u27e6", "\u27e7"  # around each translated text
SHOWN_ATTRIBUTES = ("title", "aria-label", "placeholder", "alt")
# Elements with what people wrote, and without a text that anybody sees.
NOT_OURS = ("bdi", "textarea", "script", "style", "template", "datalist")
VOID = ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr")
NAMES = re.compile(
    r"https?://\S+|Perennial|Instagram|YouTube|Facebook|TikTok|LinkedIn|UTC|English|Español|@[\w.-]+|\b[a-zA-Z]\b|Ctrl|Esc|Shift"
)

APPS = ("accounts", "config", "demo", "interactions")
PACKAGES = Path(django.__file__).parents[1]
# The functions that `makemessages` knows.
MARKS = ("_", "gettext", "gettext_lazy", "gettext_noop", "ngettext", "ngettext_lazy", "pgettext")
LITERAL = re.compile(r"""(?:\bu|\b_\()('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")""")


class UntranslatedTexts(HTMLParser):
    """Collects the letters that stand outside of marks, except for names and what people wrote."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._open: list[tuple[str, bool]] = []
        self._depth = 0  # of marks

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        for name in SHOWN_ATTRIBUTES:
            self._look_at(values.get(name) or "")
        is_theirs = tag in NOT_OURS or values.get("dir") == "auto" or "data-theirs" in values
        if tag not in VOID:
            self._open.append((tag, is_theirs))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if not any(is_theirs for _, is_theirs in self._open):
            self._look_at(data)

    def _look_at(self, text: str) -> None:
        if re.search(r"[^\W\d_]", NAMES.sub("", self._outside_of_marks(text))):
            self.found.append(" ".join(text.split()))

    def _outside_of_marks(self, text: str) -> str:
        """Return the characters that stand in no mark; a mark may begin in one element and end in another."""
        outside = ""
        for character in text:
            self._depth += (character == BEGIN) - (character == END)
            outside += character if self._depth == 0 and character != END else ""
        return outside


@pytest.fixture
def marked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mark every text that is translated and that `makemessages` finds in a source."""

    def mark(text: str) -> str:
        return mark_plural(text, text, 1)

    def mark_plural(one: str, many: str, number: int) -> str:
        text = one if number == 1 else many
        return f"{BEGIN}{text}{END}" if one in extractable() else text

    monkeypatch.setattr(translation._trans, "gettext", mark)
    monkeypatch.setattr(translation._trans, "pgettext", lambda context, text: mark(text))
    monkeypatch.setattr(translation._trans, "ngettext", mark_plural)
    monkeypatch.setattr(translation._trans, "npgettext", lambda context, *plural: mark_plural(*plural))


@cache
def extractable() -> frozenset[str]:
    """The texts that `makemessages` finds in our sources, and those of the catalogs of installed packages."""
    texts = [
        *(_marked_in_python(path.read_text()) for path in _sources("py")),
        *(_marked_in_template(path.read_text()) for path in _sources("html")),
        *(_catalog(path) for path in PACKAGES.glob("**/locale/de/LC_MESSAGES/django.mo")),
    ]
    return frozenset().union(*texts)


def _sources(ending: str) -> Iterator[Path]:
    return (path for app in APPS for path in (settings.BASE_DIR / app).glob(f"**/*.{ending}"))


def _marked_in_python(source: str) -> set[str]:
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    marked = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id in MARKS]
    texts = [argument for call in marked for argument in call.args if isinstance(argument, ast.Constant)]
    return {text.value for text in texts if isinstance(text.value, str)}


def _marked_in_template(source: str) -> set[str]:
    return {ast.literal_eval(text) for text in LITERAL.findall(templatize(source))}


def _catalog(path: Path) -> set[str]:
    with path.open("rb") as file:
        keys = GNUTranslations(file)._catalog  # a plural is a pair of text and number
    return {key[0] if isinstance(key, tuple) else key for key in keys} - {""}


def untranslated(html: str) -> list[str]:
    page = UntranslatedTexts()
    page.feed(html)
    return page.found
