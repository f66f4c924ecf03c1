"""The Celery application; worker and beat make sure of their servers before they connect to them."""

import os

from celery import Celery
from celery.loaders.app import AppLoader
from django_structlog.celery.steps import DjangoStructLogInitStep

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")


class Loader(AppLoader):
    def on_worker_init(self) -> None:
        """Called by worker and by beat, before either opens a connection (beat's own signal comes after that)."""
        from config.start import ensure_ready  # imports Django's apps, which import this module

        ensure_ready()


app = Celery("perennial", loader="config.celery:Loader")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.steps["worker"].add(DjangoStructLogInitStep)
