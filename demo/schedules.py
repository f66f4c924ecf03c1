"""Declares the periodic tasks, and creates their rows after `migrate` (`demo/apps.py`).

A row is created by name if it is missing, and never changed, as operators may edit it.
"""

from dataclasses import dataclass
from typing import Any

from django.apps import apps as installed

from accounts.declarations import InvalidDeclaration
from demo.windows import CLEANUP_CRON, CONTENT_WINDOWS, INTERACTION_WINDOWS

DELIVER_EVERY_SECONDS = 15


@dataclass(frozen=True)
class Schedule:
    """One periodic task; `cron` is minute, hour and day of the week in UTC, `every` is in seconds.

    `expires` (seconds) is read only by releases before 2. Now the broker drops a message of a row while an earlier one
    is in the queue (`config/broker.py`), so that a week without workers leaves one message per row.
    """

    name: str
    task: str
    expires: int
    cron: tuple[str, str, str] | None = None
    every: int | None = None

    def __post_init__(self) -> None:
        if (self.cron is None) == (self.every is None):
            raise InvalidDeclaration(f"The schedule {self.name!r} must have either `cron` or `every`.")


SCHEDULES = (
    Schedule("demo: daily content", "demo.tasks.plan", expires=3600, cron=CONTENT_WINDOWS.cron),
    Schedule("demo: interactions", "demo.tasks.plan", expires=3600, cron=INTERACTION_WINDOWS.cron),
    Schedule("demo: weekly cleanup", "demo.tasks.cleanup", expires=6 * 3600, cron=CLEANUP_CRON),
    Schedule(
        "demo: deliver due events",
        "demo.tasks.deliver",
        expires=DELIVER_EVERY_SECONDS - 1,
        every=DELIVER_EVERY_SECONDS,
    ),
    Schedule("demo: sweep", "demo.tasks.sweep", expires=55, every=60),
    Schedule(
        "accounts: clear expired sessions and tokens",
        "accounts.tasks.clear_expired",
        expires=6 * 3600,
        cron=("30", "3", "*"),
    ),
)


def create_missing_schedules(using: str = "default", **_: Any) -> None:
    """Create the schedules that are missing, by name; called after every `migrate`."""
    if not installed.is_installed("django_celery_beat"):
        return
    for schedule in SCHEDULES:
        _create_if_missing(schedule, using)


def _create_if_missing(schedule: Schedule, using: str) -> None:
    tasks = installed.get_model("django_celery_beat", "PeriodicTask").objects.using(using)
    if tasks.filter(name=schedule.name).exists():
        return
    tasks.get_or_create(
        name=schedule.name,
        defaults={"task": schedule.task, "expire_seconds": schedule.expires} | _timing(schedule, using),
    )


def _timing(schedule: Schedule, using: str) -> dict[str, Any]:
    if schedule.cron:
        minute, hour, weekday = schedule.cron
        crontabs = installed.get_model("django_celery_beat", "CrontabSchedule").objects.using(using)
        fields = {"minute": minute, "hour": hour, "day_of_week": weekday, "timezone": "UTC"}
        fields |= {"day_of_month": "*", "month_of_year": "*"}
        return {"crontab": crontabs.filter(**fields).first() or crontabs.create(**fields)}
    intervals = installed.get_model("django_celery_beat", "IntervalSchedule").objects.using(using)
    fields = {"every": schedule.every, "period": "seconds"}
    return {"interval": intervals.filter(**fields).first() or intervals.create(**fields)}
