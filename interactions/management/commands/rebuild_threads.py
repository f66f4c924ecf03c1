from dataclasses import asdict

from django.core.management.base import BaseCommand, CommandParser

from accounts.plurals import pluralize
from interactions.clock import now
from interactions.threads.rebuilding import rebuild


class Command(BaseCommand):
    help = "Compute every thread from its rows, and report how many differed. There should be none."
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only report; change nothing")

    def handle(self, *args, **options) -> None:
        result = rebuild(now(), dry_run=options["dry_run"])
        counts = asdict(result)
        self.stdout.write(
            f"{pluralize(counts['threads'], 'thread')}, {counts['differed']} of them differed from their rows;"
            f" {pluralize(counts['adopted'], 'row')} had no thread before."
        )
