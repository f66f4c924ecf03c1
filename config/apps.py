"""Django apps of this package: start-up steps, and the admin site. Named in INSTALLED_APPS."""

from django.apps import AppConfig
from django.conf import settings
from django.contrib.admin.apps import AdminConfig

from config import counters, logs

counters.share_between_processes(settings.METRICS_DIR)  # before any app creates a counter


class ConfigConfig(AppConfig):
    name = "config"

    def ready(self) -> None:
        logs.add_request_id_header()


class OperationsConfig(AdminConfig):
    default_site = "config.admin.Site"
