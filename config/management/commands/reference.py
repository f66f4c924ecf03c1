from django.core.management.base import BaseCommand

from config.reference import render


class Command(BaseCommand):
    help = "Print docs/reference.md: settings, platforms, windows, event types and periodic tasks, as the code has them."
    requires_system_checks = []

    def handle(self, *args, **options) -> None:
        self.stdout.write(render(), ending="")
