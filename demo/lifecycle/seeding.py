"""Creates users and complete demos in this process, without worker or broker. Called by `seed_demo` and benchmarks."""

from collections.abc import Iterable
from datetime import datetime

from django.core.exceptions import ValidationError

from accounts.models import User
from demo.lifecycle import pending_work, transitions
from demo.lifecycle.options import DEFAULT_SIZES
from demo.models import DemoAccount, State

SIZES = {
    "smoke": {"initial_content": 3, "initial_comments": 30, "initial_messages": 5},
    "small": {"initial_content": 10, "initial_comments": 200, "initial_messages": 25},
    "full": DEFAULT_SIZES,
}


class SeedingFailed(Exception):
    """The demo did not become active; the message is the reason."""


def seed(user: User, now: datetime, **options) -> DemoAccount:
    """Enable the user's demo and return when it is complete. A demo that is active or paused is not changed.

    Raises InvalidOption, InvalidState while the demo is being removed, and SeedingFailed when it does not become active.
    """
    account = transitions.enable(user, now, request_worker=False, **options).account
    if account.state == State.ENABLING:
        account = pending_work.run_and_wait_for_workers(account.pk, now)
    if account.state not in (State.ACTIVE, State.PAUSED):
        unfinished = f"The demo of {user.username} is still {account.state}; workers continue with it."
        raise SeedingFailed(account.last_error or unfinished)
    return account


def create_numbered(count: int, now: datetime) -> Iterable[User]:
    """Yield the users demo-0001 to `count`; missing ones are created with unusable passwords."""
    for number in range(1, count + 1):
        yield create_user(f"demo-{number:04d}", now)


def create_user(name: str, now: datetime) -> User:
    """The user `name`, created with an unusable password if missing. Raises ValueError for an invalid name."""
    name = read_username(name)
    user = User.objects.filter(username=name).first()
    return user or User.objects.create_user(name, date_joined=now)


def read_username(name: str) -> str:
    """The name in the form that is stored. Raises ValueError when no user can have it."""
    name = User.normalize_username(name)
    if not name:
        raise ValueError("A user's name must not be empty.")
    try:
        User._meta.get_field("username").clean(name, None)
    except ValidationError as error:
        raise ValueError(" ".join(error.messages)) from error
    return name
