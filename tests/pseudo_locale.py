"""Marks every translated text, and finds the texts of a page that stand outside of marks. A plugin of `conftest.py`."""

import re
from html.parser import HTMLParser

import pytest
from django.utils import translation

BEGIN, END = "\u27e6", "\u27e7"  # around each translated text
SHOWN_ATTRIBUTES = ("title", "aria-label", "placeholder", "alt")
# Elements with what people wrote, and without a text that anybody sees.
NOT_OURS = ("bdi", "textarea", "script", "style", "template", "datalist")
VOID = ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr")
NAMES = re.compile(
    r"https?://\S+|Perennial|Instagram|YouTube|Facebook|TikTok|LinkedIn|UTC|English|Español|@[\w.-]+|\b[a-zA-Z]\b|Ctrl|Esc|Shift"
)


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
    """Mark every translated text."""

    def mark(text: str) -> str:
        return f"{BEGIN}{text}{END}" if text else text

    monkeypatch.setattr(translation._trans, "gettext", mark)
    monkeypatch.setattr(translation._trans, "pgettext", lambda context, text: mark(text))
    monkeypatch.setattr(translation._trans, "ngettext", lambda one, many, n: mark(one if n == 1 else many))
    monkeypatch.setattr(
        translation._trans, "npgettext", lambda context, one, many, n: mark(one if n == 1 else many)
    )


def untranslated(html: str) -> list[str]:
    page = UntranslatedTexts()
    page.feed(html)
    return page.found
