"""The Celery application; worker and beat make sure of their servers before they connect to them."""

import os

from celery import Celery
from celery.signals import beat_init, celeryd_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("perennial")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


def _ensure_ready(**_: object) -> None:
    from config.start import ensure_ready  # imports Django's apps, which import this module

    ensure_ready()


celeryd_init.connect(_ensure_ready, weak=False)
beat_init.connect(_ensure_ready, weak=False)
