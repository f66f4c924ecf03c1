from django.core.management.base import BaseCommand, CommandError

from config import up
from config.run_lock import CannotStart


class Command(BaseCommand):
    help = "Run web server, worker and beat in this terminal, and PostgreSQL and Valkey unless they are configured."
    requires_system_checks = []

    def handle(self, *args, **options) -> None:
        try:
            up.up()
        except CannotStart as error:
            raise CommandError(str(error)) from error
