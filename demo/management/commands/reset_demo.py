from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from demo import lifecycle, unfinished
from demo.commands import DemoCommand, confirmed, user_named
from demo.states import NotPossible


class Command(DemoCommand):
    help = "Delete a user's demo data and tell the same story again from its beginning."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--user", required=True, metavar="NAME")
        parser.add_argument("--yes", action="store_true", help="really delete")
        self.add_json(parser)

    def handle(self, *args, **options) -> None:
        confirmed(options)
        user = user_named(options["user"])
        try:
            account = lifecycle.reset(user, dispatch=False).account
        except NotPossible as error:
            raise CommandError(str(error)) from error
        unfinished.finish(account.pk, timezone.now())
        account.refresh_from_db()
        self.report(
            {"user": user.username, "state": account.state}, options["json"], f"Demo mode is {account.state}."
        )
