from django.apps import AppConfig
from django.db.models.signals import post_migrate

from demo.schedules import create_missing_schedules


class DemoConfig(AppConfig):
    name = "demo"

    def ready(self) -> None:
        post_migrate.connect(create_missing_schedules, sender=self)
