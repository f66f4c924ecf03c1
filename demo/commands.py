"""What the management commands share: exit codes and reports."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import User

BAD_INPUT = 2


class DemoCommand(BaseCommand):
    """A command that exits 0 when done, 1 when it failed, 2 on bad input, and reports JSON when asked."""

    requires_migrations_checks = False

    def add_json(self, parser) -> None:
        parser.add_argument("--json", action="store_true", help="report as JSON")

    def report(self, figures: dict[str, Any] | list, as_json: bool, sentence: str) -> None:
        self.stdout.write(json.dumps(figures, default=str) if as_json else sentence)


def bad_input(message: str) -> CommandError:
    """A CommandError that exits with 2."""
    return CommandError(message, returncode=BAD_INPUT)


def user_named(name: str) -> User:
    """Return the user, or raise bad_input."""
    user = User.objects.filter(username=name).first()
    if user is None:
        raise bad_input(
            f"There is no user {name}; create it with `manage.py createsuperuser` or `seed_demo --create`."
        )
    return user


def confirmed(options: dict[str, Any]) -> None:
    if not options["yes"]:
        raise bad_input("This deletes the user's demo data; add --yes to go on.")
