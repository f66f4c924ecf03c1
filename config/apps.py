from django.apps import AppConfig
from django.conf import settings
from django.contrib.admin.apps import AdminConfig

from config import counters, logs

counters.share(settings.METRICS_DIR)  # before any app makes a counter


class ConfigConfig(AppConfig):
    name = "config"

    def ready(self) -> None:
        logs.name_the_request()


class OperationsConfig(AdminConfig):
    default_site = "config.admin.Site"
