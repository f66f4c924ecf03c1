from django.core.management.base import BaseCommand

from config import up


class Command(BaseCommand):
    help = "Stop everything that runs for this data folder: `up`, its services, PostgreSQL and Valkey."
    requires_system_checks = []

    def handle(self, *args, **options) -> None:
        self.stdout.write("Stopped." if up.down() else "Nothing ran.")
