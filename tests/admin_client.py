"""The admin in the hands of an operator: a client that may do everything, its pages and its actions."""

import logging
import re
from collections.abc import Iterator
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User

DEMOS = "admin:demo_demoaccount_changelist"


@pytest.fixture
def operator(client, db) -> Client:
    """The browserless client of a superuser."""
    client.force_login(User.objects.create_superuser("operator"))
    return client


@pytest.fixture
def no_server_errors(operator: Client) -> Iterator[None]:
    """A fault is answered as a browser sees it, and hundreds of them are not written to the log."""
    operator.raise_request_exception = False
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def page(client: Client, name: str, **query) -> str:
    answer = client.get(reverse(name), query)
    assert answer.status_code == 200
    return answer.content.decode()


def act(client: Client, name: str, action: str, *rows, **more) -> list[str]:
    """Run an action on rows (with confirmed="1" one that asks first); return what the operator is told."""
    body = {"action": action, "_selected_action": [row.pk for row in rows]} | more
    answer = client.post(reverse(name), body, follow=True)
    return messages_in(answer)


def messages_in(answer) -> list[str]:
    """The messages of a page, as they are read."""
    messages = (answer.context or {}).get("messages", [])
    return [unescape(re.sub("</?bdi>", "", str(message))) for message in messages]


def confirm(client: Client, asked, name: str = DEMOS) -> list[str]:
    """Send the form that a page asks with, as a browser does."""
    fields = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', asked.content.decode())
    body: dict[str, list[str]] = {}
    for field, value in fields:
        body.setdefault(field, []).append(value)
    answer = client.post(reverse(name), body, follow=True)
    assert answer.status_code == 200
    return messages_in(answer)
