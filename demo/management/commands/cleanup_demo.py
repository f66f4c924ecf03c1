from dataclasses import asdict

from django.core.management.base import CommandError, CommandParser

from accounts.plurals import pluralize
from demo.engine.retention import clean_up
from demo.management.base import DemoCommand, Once, bad_input
from demo.windows import RESTORABLE_DAYS
from interactions.clock import now

MAX_DAYS = 36_500


class Command(DemoCommand):
    help = (
        "Expire demo data older than each account's retention, and purge the data that expired"
        f" {RESTORABLE_DAYS} days ago."
        " restore_demo restores expired data until it is purged. Live data is never touched."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="count only")
        parser.add_argument(
            "--older-than",
            action=Once,
            type=int,
            metavar="DAYS",
            help="instead of each account's retention",
        )
        self.add_json(parser)

    def handle(self, *args, **options) -> None:
        days = options["older_than"]
        if days is not None and not 0 <= days <= MAX_DAYS:
            raise bad_input(f"--older-than must be a number of days from 0 to {MAX_DAYS}.")
        cleaned = clean_up(now(), older_than_days=days, dry_run=options["dry_run"])
        verb = "Would expire" if options["dry_run"] else "Expired"
        result = {"dry_run": options["dry_run"], **asdict(cleaned)}
        self.report(result, options["json"], f"{verb}: {cleaned}.")
        if cleaned.failed:
            raise CommandError(
                f"{pluralize(cleaned.failed, 'demo')} could not be cleaned up; the log says why."
            )
