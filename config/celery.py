"""The Celery application. Worker and beat run it (`celery -A config`); web processes and commands send tasks with it."""

import gc
import os

from celery import Celery
from celery.loaders.app import AppLoader
from django_structlog.celery.steps import DjangoStructLogInitStep

from config import broker
from config.environment import remove_variables

# Celery would prefer these variables to the settings.
CELERY_URL_VARIABLES = (
    "CELERY_BROKER_URL",
    "CELERY_BROKER_READ_URL",
    "CELERY_BROKER_WRITE_URL",
    "CELERY_RESULT_BACKEND",
)
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")


class Loader(AppLoader):
    def on_worker_init(self) -> None:
        """Start the embedded servers and migrate. Worker and beat call this before they open a connection.

        (Celery's signal `beat_init` is sent only after beat has connected.)
        """
        # Celery's command line sets them from others, such as BROKER_URL.
        remove_variables(CELERY_URL_VARIABLES)
        from config.bootstrap import ensure_ready  # imports Django's apps, which import this module

        ensure_ready()
        collect_garbage_rarely()


def collect_garbage_rarely() -> None:
    """Run Python's cyclic garbage collector rarely: planning makes many short-lived objects without cycles.

    With the default thresholds the collector takes a third of the time. Objects that exist now are frozen: they are
    never scanned again, so forked workers keep sharing their memory pages.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)


remove_variables(CELERY_URL_VARIABLES)
broker.install()
app = Celery("perennial", loader="config.celery:Loader")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.steps["worker"].add(DjangoStructLogInitStep)
