"""People who log in: somebody with a password, and the token that it gives."""

import pytest
from django.test import Client

from accounts.models import User

JSON = "application/json"
PASSWORD = "a good password"
TOKEN = "/api/v1/auth/token/"


@pytest.fixture
def quick_hashes(settings) -> None:
    """Where passwords are checked a hundred times."""
    settings.PASSWORD_HASHERS = [
        f"django.contrib.auth.hashers.{name}PasswordHasher" for name in ("MD5", "PBKDF2")
    ]


@pytest.fixture
def person(db) -> User:
    """Somebody with a password."""
    return User.objects.create_user("person", password=PASSWORD)


def token_for(client: Client, name: str, password: str = PASSWORD):
    return client.post(TOKEN, {"username": name, "password": password}, content_type=JSON)


def set_password(user: User, new: str) -> None:
    """As `manage.py changepassword` does it, which wants a terminal."""
    user.set_password(new)
    user.save()
