"""The admin in the hands of an operator: a client that may do everything, its pages and its actions."""

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


def page(client: Client, name: str, **query) -> str:
    answer = client.get(reverse(name), query)
    assert answer.status_code == 200
    return answer.content.decode()


def act(client: Client, name: str, action: str, *rows, **more) -> list[str]:
    """Run an action on rows; return what the operator is told."""
    body = {"action": action, "_selected_action": [row.pk for row in rows]} | more
    answer = client.post(reverse(name), body, follow=True)
    return [str(message) for message in answer.context["messages"]]
