from django.core.management.base import CommandParser

from demo.commands import DemoCommand, bad_input, user_named
from demo.removal import remove_user


class Command(DemoCommand):
    help = "Delete a user with everything that is theirs: profiles, demo, live rows, tokens."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--user", required=True, metavar="NAME")
        parser.add_argument("--yes", action="store_true", help="really delete, live data too")
        self.add_json(parser)

    def handle(self, *args, **options) -> None:
        user = user_named(options["user"])
        if not options["yes"]:
            raise bad_input("This deletes the user and all their data, live data too; add --yes to go on.")
        figures = {"user": user.username, "rows": remove_user(user)}
        self.report(
            figures,
            options["json"],
            "{user} is deleted, with {rows} rows that had arrived.".format(**figures),
        )
