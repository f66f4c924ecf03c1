from importlib import import_module

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class InteractionsConfig(AppConfig):
    name = "interactions"

    def ready(self) -> None:
        adoption = import_module(
            "interactions.threads.adoption"
        )  # it imports models, which are loaded by now
        post_migrate.connect(adoption.adopt_after_migrate, sender=self)
