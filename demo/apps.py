from importlib import import_module

from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate

from demo.schedules import check_tasks, create_missing_schedules
from interactions.pictures.sources import register_demo_source


class DemoConfig(AppConfig):
    name = "demo"

    def ready(self) -> None:
        pre_migrate.connect(check_tasks, sender=self)
        post_migrate.connect(create_missing_schedules, sender=self)
        posts = import_module("demo.pictures.posts")  # it imports models, which are loaded by now
        register_demo_source(posts.demo_picture_urls)
