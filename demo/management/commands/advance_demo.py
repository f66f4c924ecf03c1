from django.core.management.base import CommandError, CommandParser

from demo.exceptions import InvalidState
from demo.lifecycle import pending_work, transitions
from demo.management.base import DemoCommand, Once, bad_input, user_named
from interactions.clock import now


class Command(DemoCommand):
    help = "Advance a user's demo by whole days."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--user", required=True, metavar="NAME", action=Once)
        parser.add_argument("--days", required=True, type=int, metavar="D", action=Once)
        self.add_json(parser)

    def handle(self, *args, **options) -> None:
        user = user_named(options["user"])
        moment = now()
        try:
            account = transitions.advance(user, options["days"], moment, request_worker=False).account
        except ValueError as error:
            raise bad_input(str(error)) from error
        except InvalidState as error:
            raise CommandError(str(error)) from error
        pending_work.run_to_completion(account.pk, moment)
        account.refresh_from_db()
        if account.is_advancing or account.last_error:
            raise CommandError(
                account.last_error
                or "Events are being delivered; workers advance the demo when they have arrived."
            )
        result = {"user": user.username, "days": options["days"]}
        self.report(result, options["json"], f"Days advanced: {options['days']}.")
