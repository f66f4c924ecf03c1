"""A superuser's client of the admin, and helpers to read pages and run actions; for the tests of the admin."""

import logging
import re
from collections.abc import Iterator
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User

DEMOS = "admin:demo_demoaccount_changelist"
LETTERS = "admin:interactions_deadletter_changelist"


@pytest.fixture
def operator(client, db) -> Client:
    """Django's test client, logged in as a superuser."""
    client.force_login(User.objects.create_superuser("operator"))
    return client


@pytest.fixture
def no_server_errors(operator: Client) -> Iterator[None]:
    """Let the client answer 500 instead of raising, and disable logging, for tests that send hundreds of bad requests."""
    operator.raise_request_exception = False
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def page(client: Client, name: str, **query) -> str:
    answer = client.get(reverse(name), query)
    assert answer.status_code == 200
    return answer.content.decode()


def act(client: Client, name: str, action: str, *rows, **more) -> list[str]:
    """Run an action on rows and return its messages; confirmed="1" skips the confirmation page."""
    body = {"action": action, "_selected_action": [row.pk for row in rows]} | more
    answer = client.post(reverse(name), body, follow=True)
    return messages_in(answer)


def messages_in(answer) -> list[str]:
    """The messages of a page, as plain text."""
    messages = (answer.context or {}).get("messages", [])
    return [unescape(re.sub("</?bdi>", "", str(message))) for message in messages]


def confirm(client: Client, asked, name: str = DEMOS) -> list[str]:
    """Submit the confirmation page `asked`, as a browser does; return the messages."""
    fields = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', asked.content.decode())
    body: dict[str, list[str]] = {}
    for field, value in fields:
        body.setdefault(field, []).append(value)
    answer = client.post(reverse(name), body, follow=True)
    assert answer.status_code == 200
    return messages_in(answer)
