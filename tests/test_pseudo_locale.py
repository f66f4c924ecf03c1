"""Every text of the pages goes through gettext: where translated texts are marked, no other text is left."""

import pytest

from interactions.models import Content, Thread
from tests.inbox_pages import htmx
from tests.pseudo_locale import BEGIN, END, untranslated
from tests.world import demo_of


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


def test_no_page_has_a_text_that_cannot_be_translated(page, alice, marked):
    demo_of(alice, size="smoke")
    ids = {"post": Content.objects.first().pk, "profile": alice.profiles.first().pk}
    for path in PAGES:
        headers = htmx(page) if path.endswith("/updates/") else {}
        assert untranslated(page.get(path.format(**ids), headers=headers).content.decode()) == [], path


@pytest.mark.parametrize("kind", ["comment", "message"])
def test_a_thread_has_no_text_that_cannot_be_translated(page, alice, marked, kind):
    demo_of(alice, size="smoke")
    thread = Thread.objects.filter(kind=kind).latest("last_out_at" if kind == "message" else "active_at")
    page.post(f"/inbox/{thread.pk}/write/", {"mode": "note", "text": "note"})
    page.post(f"/inbox/{thread.pk}/status/", {"status": "done"})
    for path, headers in (
        (f"/inbox/{thread.pk}/?status=all", {}),
        (f"/inbox/{thread.pk}/person/", htmx(page)),
    ):
        assert untranslated(page.get(path, headers=headers).content.decode()) == [], path


def test_the_log_in_has_no_text_that_cannot_be_translated(client, db, marked):
    assert untranslated(client.get("/login/?ended=1").content.decode()) == []
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
