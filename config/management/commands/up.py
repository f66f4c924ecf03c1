from django.core.management.base import BaseCommand, CommandError

from config import up


class Command(BaseCommand):
    help = "Run web server, worker, beat and, where none are configured, PostgreSQL and Valkey, in this terminal."
    requires_system_checks = []

    def handle(self, *args, **options) -> None:
        try:
            up.up()
        except up.CannotStart as error:
            raise CommandError(str(error)) from error
