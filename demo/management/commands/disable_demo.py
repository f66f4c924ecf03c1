from django.core.management.base import CommandParser
from django.utils import timezone

from demo import lifecycle, unfinished
from demo.commands import DemoCommand, confirmed, user_named


class Command(DemoCommand):
    help = "Switch a user's demo mode off and delete its data."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--user", required=True, metavar="NAME")
        parser.add_argument("--yes", action="store_true", help="really delete")
        self.add_json(parser)

    def handle(self, *args, **options) -> None:
        confirmed(options)
        user = user_named(options["user"])
        account = lifecycle.disable(user, dispatch=False).account
        unfinished.finish(account.pk, timezone.now())
        account.refresh_from_db()
        self.report(
            {"user": user.username, "state": account.state}, options["json"], f"Demo mode is {account.state}."
        )
