"""Users with a password, and their tokens; for tests of log-ins."""

import pytest
from django.test import Client

from accounts.models import User

JSON = "application/json"
PASSWORD = "a good password"
TOKEN = "/api/v1/auth/token/"


@pytest.fixture
def person(db) -> User:
    """A user with the password PASSWORD."""
    return User.objects.create_user("person", password=PASSWORD)


def token_for(client: Client, name: str, password: str = PASSWORD):
    return client.post(TOKEN, {"username": name, "password": password}, content_type=JSON)


def set_password(user: User, new: str) -> None:
    """Set the password as `manage.py changepassword` does, which needs a terminal."""
    user.set_password(new)
    user.save()
