"""Alice's settings with a row of every kind, and what the tests of the settings' pages have in common."""

import re
from html import unescape

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Profile, User
from accounts.tokens import create_token
from interactions.models import BlockedAuthor, InboxRule, SavedReply
from tests.html_tree import read_html
from tests.world import NOW

HTMX = {"HX-Request": "true"}
SECTIONS = [
    "/settings/",
    "/settings/profiles/",
    "/settings/profiles/new/",
    "/settings/replies/",
    "/settings/replies/new/",
    "/settings/rules/",
    "/settings/rules/new/",
    "/settings/blocked/",
    "/settings/tokens/",
]
HOSTILE = ["<script>alert(1)</script>", "\u05e2\u05d3\u05d4 \u05db\u05d4\u05df", "\U0001f980" * 20, "W" * 80]


def shown(response) -> str:
    """The page's visible text, without tags and with single blanks."""
    assert response.status_code == 200, response.content[:500]
    return text_of(response)


def text_of(response) -> str:
    """The visible text of a page of any status."""
    body = re.sub(r"(?s)<head>.*?</head>|<datalist.*?</datalist>", "", response.content.decode())
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", body)).split())


def html(response) -> str:
    """The page or fragment, whose tags match."""
    assert response.status_code == 200, response.content[:500]
    read_html(response.content.decode())
    return response.content.decode()


def secrets_of(user: User) -> list[str]:
    """The signing secrets of the user's profiles."""
    found = Profile.objects.filter(owner=user).values_list("webhook_secret", "webhook_secret_previous")
    return [secret for pair in found for secret in pair if secret]


def reply(owner: User, name: str = "Thanks", text: str = "Thank you!") -> SavedReply:
    return SavedReply.objects.store(owner, name, text, NOW)


def rule(owner: User, value: str = "spam", **fields) -> InboxRule:
    values = {"condition": "word", "value": value, "action": "hide"} | fields
    return InboxRule.objects.store(owner, NOW, **values)


def blocked(profile: Profile, author_id: str = "troll", name: str = "A Troll") -> BlockedAuthor:
    return BlockedAuthor.objects.create(
        profile=profile,
        author_id=author_id,
        name=name,
        is_demo=profile.is_demo,
        is_hiding=False,
        created_at=NOW,
    )


@pytest.fixture
def of_bob(bob) -> dict[str, str]:
    """Addresses of what belongs to Bob, each with a row that Alice must not reach."""
    profile = Profile.objects.create(owner=bob, platform="x", platform_id="1", handle="bob")
    token = create_token(bob, timezone.now(), "Bob's")
    ids = {"replies": reply(bob).pk, "rules": rule(bob).pk, "blocked": blocked(profile).pk}
    return {
        "profile": f"/settings/profiles/{profile.pk}/",
        "rotate": f"/settings/profiles/{profile.pk}/rotate/",
        "delete profile": f"/settings/profiles/{profile.pk}/delete/",
        "reply": f"/settings/replies/{ids['replies']}/",
        "delete reply": f"/settings/replies/{ids['replies']}/delete/",
        "rule": f"/settings/rules/{ids['rules']}/",
        "switch rule": f"/settings/rules/{ids['rules']}/switch/",
        "move rule": f"/settings/rules/{ids['rules']}/move/",
        "delete rule": f"/settings/rules/{ids['rules']}/delete/",
        "unblock": f"/settings/blocked/{ids['blocked']}/unblock/",
        "revoke": f"/settings/tokens/{token[:15]}/revoke/",
    }


@pytest.fixture
def strict(alice) -> Client:
    """A client of Alice that checks CSRF tokens as a browser's requests are checked."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    return client
