"""Base classes of the management commands: exit codes, reports and confirmation."""

import json
from argparse import Action, Namespace
from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.serializers.json import DjangoJSONEncoder

from accounts.models import User
from demo.exceptions import InvalidState
from demo.lifecycle import pending_work
from demo.lifecycle.transitions import Transition
from demo.models import State
from interactions.clock import now
from interactions.events import has_lone_surrogate

BAD_INPUT = 2


class Once(Action):
    """Stores the value of an option without default; giving the option twice is bad input. Each option with a value uses it."""

    def __call__(
        self, parser: CommandParser, namespace: Namespace, value: str, option: str | None = None
    ) -> None:
        if getattr(namespace, self.dest, None) is not None:
            parser.error(f"{option} was given twice; give it once.")
        setattr(namespace, self.dest, value)


class Names(Action):
    """Collects names, which commas separate; the option may be given several times, and may have several values."""

    def __init__(self, help: str, **options: Any) -> None:
        explained = f"{help}; separate several by commas, or repeat the option"
        super().__init__(nargs="+", help=explained, **options)

    def __call__(
        self, parser: CommandParser, namespace: Namespace, values: list[str], option: str | None = None
    ) -> None:
        names = [name.strip() for value in values for name in value.split(",")]
        before = getattr(namespace, self.dest, None) or []
        setattr(namespace, self.dest, before + [name for name in names if name])


class DemoCommand(BaseCommand):
    """A command that exits 0 when done, 1 when it failed, 2 on bad input, and reports JSON with --json."""

    requires_migrations_checks = False

    def add_json(self, parser) -> None:
        parser.add_argument("--json", action="store_true", help="report as JSON")

    def report(self, result: dict[str, Any] | list, as_json: bool, sentence: str) -> None:
        self.stdout.write(json.dumps(result, cls=DjangoJSONEncoder) if as_json else sentence)


def bad_input(message: str) -> CommandError:
    """A CommandError that exits with 2."""
    return CommandError(message, returncode=BAD_INPUT)


def user_named(name: str) -> User:
    """Return the user, or raise bad_input."""
    if has_lone_surrogate(name):  # how Python reads bytes of the command line that are not UTF-8
        raise bad_input("A name must be UTF-8.")
    user = User.objects.filter(username=name).first()
    if user is None:
        raise bad_input(
            f"There is no user {name!r}; `seed_demo --create` creates one, `demo_status` lists the users with a demo."
        )
    return user


class RemovalCommand(DemoCommand):
    """Deletes data of a user in this process; needs --yes."""

    deleted: str  # what is deleted, for the question

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--user", required=True, metavar="NAME", action=Once)
        parser.add_argument("--yes", action="store_true", help="really delete")
        self.add_json(parser)

    def handle(self, *args, **options) -> None:
        user = user_named(options["user"])
        if not options["yes"]:
            raise bad_input(f"This deletes {self.deleted} ({user.username}); add --yes to continue.")
        self.remove(user, options["json"])

    def remove(self, user: User, as_json: bool) -> None:
        """Delete, and report."""
        raise NotImplementedError


class DemoRemovalCommand(RemovalCommand):
    """Deletes a user's demo data."""

    deleted = "the user's demo data"
    transition: Callable[..., Transition]
    final_state: State  # of the account, when the work is done

    def remove(self, user: User, as_json: bool) -> None:
        try:
            account = self.transition(user, request_worker=False).account
        except InvalidState as error:
            raise CommandError(str(error)) from error
        account = pending_work.run_and_wait_for_workers(account.pk, now())
        result = {"user": user.username, "state": account.state}
        self.report(result, as_json, f"Demo mode is {account.state}.")
        if account.state != self.final_state:
            raise CommandError(account.last_error or "It is not finished; workers continue with it.")
