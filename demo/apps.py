from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate

from demo.schedules import check_tasks, create_missing_schedules


class DemoConfig(AppConfig):
    name = "demo"

    def ready(self) -> None:
        pre_migrate.connect(check_tasks, sender=self)
        post_migrate.connect(create_missing_schedules, sender=self)
