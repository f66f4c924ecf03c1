"""The Celery application; worker and beat make sure of their servers before they connect to them."""

import gc
import os

from celery import Celery
from celery.loaders.app import AppLoader
from django_structlog.celery.steps import DjangoStructLogInitStep

from config import broker
from config.environment import forget

# What Celery prefers to the settings.
FOREIGN = ("CELERY_BROKER_URL", "CELERY_BROKER_READ_URL", "CELERY_BROKER_WRITE_URL", "CELERY_RESULT_BACKEND")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")


class Loader(AppLoader):
    def on_worker_init(self) -> None:
        """Called by worker and by beat, before either opens a connection (beat's own signal comes after that)."""
        forget(FOREIGN)  # which Celery's command line makes of other variables, such as BROKER_URL
        from config.bootstrap import ensure_ready  # imports Django's apps, which import this module

        ensure_ready()
        collect_garbage_rarely()


def collect_garbage_rarely() -> None:
    """Spare a process that makes many short-lived events the searches for cycles among them, a third of its time.

    What is loaded by now is never searched again, which also keeps it in pages that forked workers share.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)


forget(FOREIGN)
broker.install()
app = Celery("perennial", loader="config.celery:Loader")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.steps["worker"].add(DjangoStructLogInitStep)
