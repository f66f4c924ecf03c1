"""Lets crontabs with unknown time zones be read; `config/schedule_checks.py` reports them. Called by `config/apps.py`."""

from typing import Any

from django.apps import apps
from timezone_field.utils import AutoDeserializedAttribute


class AnyTimeZone(AutoDeserializedAttribute):
    """The time zone attribute of a crontab; keeps an unknown zone as text, where the library's raises for all rows."""

    def __set__(self, row: Any, value: Any) -> None:
        try:
            super().__set__(row, value)
        except Exception:  # zoneinfo raises various errors, such as for the name of one of its folders
            row.__dict__[self.field.attname] = value


def accept_unknown_time_zones() -> None:
    """Let crontabs with unknown time zones be read."""
    crontab = apps.get_model("django_celery_beat", "CrontabSchedule")
    field = crontab._meta.get_field("timezone")
    field.from_db_value = lambda value, *_: value  # the attribute converts it
    setattr(crontab, field.attname, AnyTimeZone(field))
