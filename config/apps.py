from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class ConfigConfig(AppConfig):
    name = "config"


class OperationsConfig(AdminConfig):
    default_site = "config.admin.Site"
