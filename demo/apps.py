from django.apps import AppConfig
from django.db.models.signals import post_migrate

from demo.schedules import create_missing_schedules


class DemoConfig(AppConfig):
    name = "demo"

    def ready(self) -> None:
        from config.schedule_checks import (
            accept_unknown_time_zones,  # imports models, which are there only now
        )

        accept_unknown_time_zones()
        post_migrate.connect(create_missing_schedules, sender=self)
