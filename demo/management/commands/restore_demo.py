from dataclasses import asdict

from django.core.management.base import CommandError, CommandParser

from demo import retention
from demo.commands import DemoCommand, Once, user_named
from demo.states import NotPossible
from demo.status import shown_account


class Command(DemoCommand):
    help = "Show again what cleanup has hidden of a user's demo in the last seven days."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--user", required=True, metavar="NAME", action=Once)
        self.add_json(parser)

    def handle(self, *args, **options) -> None:
        user = user_named(options["user"])
        account = shown_account(user)
        try:
            restored = retention.restore(account)
        except NotPossible as error:
            raise CommandError(str(error)) from error
        sentence = f"Restored: {restored}. The next cleanup hides again what is older than {account.retention_days} days."
        self.report({"user": user.username, **asdict(restored)}, options["json"], sentence)
