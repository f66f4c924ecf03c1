"""The section API tokens: made, named, shown once, revoked."""

import logging
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone
from knox.models import get_token_model

from accounts import settings_pages, tokens
from accounts.models import User
from accounts.tokens import create_token
from tests.settings_pages import HTMX, html, shown
from tests.users import PASSWORD, set_password
from tests.world import DAY

PATH = "/settings/tokens/"
ROWS = get_token_model().objects


def value(response) -> str:
    """The token that the answer shows."""
    return html(response).split('id="secret" value="')[1].split('"')[0]


def works(token: str) -> bool:
    return Client(headers={"Authorization": f"Token {token}"}).get("/api/v1/profiles/").status_code == 200


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_a_token_is_made_named_and_shown_once(page, alice, headers):
    answer = page.post(PATH, {"name": " Weekly  report "}, headers=headers)
    token = value(answer)
    assert ("<html" in html(answer), works(token)) == (headers == {}, True)
    assert "This is the token “Weekly report”. Copy it now: it is not shown again." in shown(answer)
    again = html(page.get(PATH))
    assert (token in again, f"{token[:8]}…" in again, "Weekly report" in again) == (False, True, True)
    assert ROWS.get().user == alice


def test_a_token_is_neither_in_the_session_nor_in_the_log(page, caplog):
    caplog.set_level(logging.DEBUG)
    token = value(page.post(PATH, {"name": "Report"}))
    assert token[8:] not in caplog.text
    assert token[:8] not in "".join(str(session.get_decoded()) for session in Session.objects.all())


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("", "Give the token a name, so that you can tell later what uses it."),
        ("x" * 81, "The name must be a name of 1 to 80 characters in one line; it has 81"),
        ("Ac\u202eme", "The name must be a name of 1 to 80 characters in one line; remove U+202E"),
        ("REPORT", "You have a token of that name. Choose another name, or revoke that token first."),
    ],
)
def test_a_wrong_name_gets_a_sentence_and_makes_no_token(page, alice, name, sentence):
    create_token(alice, timezone.now(), "Report")
    answer = page.post(PATH, {"name": name}, headers=HTMX)
    assert (sentence in shown(answer), "not shown again" in shown(answer), ROWS.count()) == (True, False, 1)


def test_a_revoked_token_is_refused_and_no_other(page, alice):
    first, second = (value(page.post(PATH, {"name": name})) for name in ("One", "Two"))
    answer = page.post(f"{PATH}{first[:15]}/revoke/", follow=True)
    assert ("The token is revoked." in shown(answer), "One" in shown(answer)) == (True, False)
    assert (works(first), works(second)) == (False, True)
    assert page.post(f"{PATH}{first[:15]}/revoke").status_code == 404


def test_tokens_that_programs_got_are_listed_with_and_without_a_name(page, alice):
    create_token(alice, timezone.now())
    ROWS.update(expiry=timezone.now() + 30 * DAY)
    listed = shown(page.get(PATH))
    assert "No name" in listed
    assert f"expires {timezone.now() + 30 * DAY:%-d %b %Y}" in listed
    assert "No tokens" not in listed


def test_the_oldest_token_gives_way_as_in_the_api(page, alice, monkeypatch):
    monkeypatch.setattr(tokens, "MAX_TOKENS", 2)
    made = [value(page.post(PATH, {"name": name})) for name in ("a1", "a2", "a3")]
    assert [works(token) for token in made] == [False, True, True]


def test_a_password_that_is_changed_at_the_same_moment_leaves_no_token(client, person, monkeypatch):
    client.force_login(person)
    real = settings_pages.issue_token

    def meanwhile(user: User, *args: object) -> str:
        set_password(User.objects.get(pk=user.pk), f"not {PASSWORD}")
        return real(user, *args)

    monkeypatch.setattr(settings_pages, "issue_token", meanwhile)
    answer = client.post(PATH, {"name": "Report"})
    assert (answer.headers["Location"], ROWS.count()) == ("/settings/tokens/", 0)
    assert client.get(PATH).headers["Location"].startswith("/login/")


def test_an_expired_token_gives_its_name_back(page, alice):
    page.post(PATH, {"name": "Report"})
    ROWS.update(expiry=timezone.now() - timedelta(seconds=1))
    assert works(value(page.post(PATH, {"name": "Report"})))
