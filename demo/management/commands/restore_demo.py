from dataclasses import asdict

from django.core.management.base import CommandError, CommandParser

from accounts.plurals import pluralize
from demo.engine import retention
from demo.exceptions import InvalidState
from demo.lifecycle.activation import account_or_default
from demo.management.base import DemoCommand, Once, user_named
from demo.models import DemoAccount
from demo.windows import RESTORABLE_DAYS
from interactions.clock import now


class Command(DemoCommand):
    help = f"Restore the data that expired in the last {RESTORABLE_DAYS} days, of one demo or of all."

    def add_arguments(self, parser: CommandParser) -> None:
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("--user", metavar="NAME", action=Once)
        which.add_argument("--all", action="store_true", help="every demo that is on")
        self.add_json(parser)

    def handle(self, *args, **options) -> None:
        if options["all"]:
            return self._restore_all(options["json"])
        user = user_named(options["user"])
        account = account_or_default(user)
        try:
            restored = retention.restore(account, now())
        except InvalidState as error:
            raise CommandError(str(error)) from error
        sentence = f"Restored: {restored}. The next cleanup expires rows older than {account.retention_days} days again."
        self.report({"user": user.username, **asdict(restored)}, options["json"], sentence)

    def _restore_all(self, as_json: bool) -> None:
        accounts = (
            DemoAccount.objects.filter(state__in=retention.STATES_WITH_RETENTION)
            .select_related("user")
            .order_by("pk")
        )
        failures = []
        total = retention.RestoreResult()
        users = 0
        for account in accounts:
            try:
                total += retention.restore(account, now())
                users += 1
            except InvalidState as error:
                failures.append(f"{account.user.username}: {error}")
        sentence = f"Restored in {pluralize(users, 'demo')}: {total}. The next cleanup expires rows older than each demo's retention again."
        self.report({"users": users, **asdict(total)}, as_json, sentence)
        if failures:
            raise CommandError("\n".join(failures))
