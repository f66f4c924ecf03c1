"""The section Blocked authors: listed in pages, unblocked."""

import re

from accounts.models import Profile
from interactions.models import BlockedAuthor, Interaction
from interactions.pages.settings import blocked as blocked_pages
from tests.settings_pages import blocked, html, shown
from tests.world import event, send

PATH = "/settings/blocked/"
TROLL = {"id": "troll", "handle": "the.troll", "name": "A Troll"}


def test_authors_are_listed_latest_first_with_profile_and_platform(page, profile, live):
    blocked(profile)
    blocked(live, "77", "")
    body, text = html(page.get(PATH)), shown(page.get(PATH))
    assert text.index("Somebody 77 on @alice") < text.index("A Troll on @brand")
    assert ('aria-label="Unblock A Troll"' in body, body.count("<li>")) == (True, 2)
    BlockedAuthor.objects.update(is_hiding=True)
    assert shown(page.get(PATH)).count("earlier comments are being hidden") == 2


def test_an_unblocked_author_is_received_again_and_what_is_hidden_stays(page, profile):
    block = {"profile": profile.pk, "author_id": "troll", "name": "A Troll"}
    send(profile, event("comment.created", "c1", author=TROLL))
    page.post("/api/v1/blocked-authors/", block, content_type="application/json")
    answer = page.post(f"{PATH}{BlockedAuthor.objects.get().pk}/unblock/", follow=True)
    assert "A Troll is not blocked any more. What is hidden stays hidden; unhide it where you want." in shown(
        answer
    )
    send(profile, event("comment.created", "c2", author=TROLL))
    hidden = Interaction.objects.exclude(hidden_at=None).values_list("platform_id", flat=True)
    assert (list(hidden), "Nobody is blocked" in shown(page.get(PATH))) == (["c1"], True)


def test_the_list_has_pages(page, profile, monkeypatch):
    monkeypatch.setattr(blocked_pages, "PAGE_SIZE", 2)
    for number in range(3):
        blocked(profile, str(number), f"Author {number}")
    first = html(page.get(PATH))
    [older] = re.findall(r'href="(\?cursor=[^"]+)" rel="next"', first)
    second = html(page.get(PATH + older))
    assert [
        re.findall(r"Author \d", shown_names)
        for shown_names in (first.split("<ul")[1], second.split("<ul")[1])
    ]
    assert ("Author 2" in first, "Author 0" in first, "Author 0" in second) == (True, False, True)
    assert 'rel="prev"' in second
    assert page.get(f"{PATH}?cursor=nonsense").url == PATH, "the first page"


def test_another_users_blocked_authors_are_not_listed(page, bob):
    blocked(Profile.objects.create(owner=bob, platform="x", platform_id="1", handle="bob"))
    assert "A Troll" not in shown(page.get(PATH))
