"""Django apps of this package: start-up steps, and the admin site. Named in INSTALLED_APPS."""

from django.apps import AppConfig
from django.conf import settings
from django.contrib.admin.apps import AdminConfig
from django.utils.module_loading import autodiscover_modules

from config import counters, logs
from config.crontab_time_zones import accept_unknown_time_zones

counters.share_between_processes(settings.METRICS_DIR)  # before any app creates a counter


class ConfigConfig(AppConfig):
    name = "config"

    def ready(self) -> None:
        logs.add_request_id_header()
        accept_unknown_time_zones()


class OperationsConfig(AdminConfig):
    default_site = "config.admin.Site"

    def ready(self) -> None:
        super().ready()
        autodiscover_modules("schedule_admin")  # after django-celery-beat's pages, which it replaces
