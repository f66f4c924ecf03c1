"""Every text of the pages goes through gettext: where translated texts are marked, no other text is left."""

import re
from html.parser import HTMLParser

import pytest
from django.utils import translation

from interactions.models import Content, Thread
from tests.world import demo_of

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


def test_an_untranslated_text_is_found():
    assert untranslated(f"<p title='{BEGIN}Open{END}'>{BEGIN}Done{END} 12 <bdi>Ada</bdi></p>") == []
    assert untranslated("<p title='Open'>Done <b>12</b></p>") == ["Open", "Done"]


PAGES = [
    *("/", "/inbox/", "/inbox/?platform=facebook&unread=true&search=a", "/inbox/?search=nothingmatches"),
    *(
        "/comments/?status=done",
        "/messages/?status=snoozed",
        "/inbox/999999/",
        "/inbox/?status=wrong",
        "/inbox/updates/",
    ),
    *("/content/", "/content/{post}/", "/content/?search=nothingmatches", "/password/", "/nothing-here/"),
    *("/settings/", "/settings/profiles/", "/settings/profiles/new/", "/settings/profiles/{profile}/"),
    *("/settings/replies/", "/settings/replies/new/", "/settings/rules/", "/settings/rules/new/"),
    *("/settings/blocked/", "/settings/tokens/", "/settings/demo/"),
]


@pytest.mark.parametrize("path", PAGES)
def test_a_page_has_no_text_that_cannot_be_translated(page, alice, marked, path):
    demo_of(alice, size="smoke")
    ids = {"post": Content.objects.first().pk, "profile": alice.profiles.first().pk}
    assert untranslated(page.get(path.format(**ids)).content.decode()) == []


@pytest.mark.parametrize("kind", ["comment", "message"])
def test_a_thread_has_no_text_that_cannot_be_translated(page, alice, marked, kind):
    demo_of(alice, size="smoke")
    thread = Thread.objects.filter(kind=kind).latest("last_out_at" if kind == "message" else "active_at")
    page.post(f"/inbox/{thread.pk}/write/", {"mode": "note", "text": "note"})
    page.post(f"/inbox/{thread.pk}/status/", {"status": "done"})
    for path in (f"/inbox/{thread.pk}/?status=all", f"/inbox/{thread.pk}/person/"):
        assert untranslated(page.get(path).content.decode()) == [], path


def test_the_log_in_has_no_text_that_cannot_be_translated(client, db, marked):
    assert untranslated(client.get("/login/").content.decode()) == []
    assert untranslated(client.post("/login/", {"username": "a", "password": "b"}).content.decode()) == []


REFUSED = {
    "a saved reply with an unknown variable": ("/settings/replies/new/", {"name": "a", "text": "{x}"}),
    "a saved reply without a fallback": ("/settings/replies/new/", {"name": "a", "text": "{brand|}"}),
    "a saved reply with a lost brace": ("/settings/replies/new/", {"name": "\u2028", "text": "a}"}),
    "a saved reply that shows nothing": ("/settings/replies/new/", {"name": "", "text": "\u200b"}),
    "a rule without a word": ("/settings/rules/new/", {"condition": "word", "value": "!", "action": "label"}),
    "a profile without a handle": ("/settings/profiles/new/", {"platform": "facebook", "handle": "a b"}),
    "a token with a long name": ("/settings/tokens/", {"name": "n" * 2_000}),
    "a schedule": ("/settings/demo/", {"comments_per_window": "many", "time_zone": "Mars"}),
    "preferences": ("/settings/", {"time_zone": "Mars", "density": "?"}),
    "a brand without a letter": (
        "/demo/enable/",
        {"brand": "!!", "products": "a\u0301\u0301\u0301\u0301\u0301\u0301\ufffd"},
    ),
    "too many products": ("/demo/enable/", {"brand": "\ufffd", "products": "\n".join(map(str, range(30)))}),
    "a view without a name": ("/inbox/views/", {"name": "\u200b"}),
}


@pytest.mark.parametrize(("path", "fields"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused_has_no_text_that_cannot_be_translated(page, marked, path, fields):
    shown = page.post(path, fields, follow=True)
    assert shown.status_code in (200, 422), shown.status_code
    assert untranslated(shown.content.decode()) == []
