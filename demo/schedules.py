"""Declares the periodic tasks, checks them before `migrate`, and creates their rows after it (`demo/apps.py`).

A row is created by name if it is missing, and never changed, as operators may edit it.
"""

from dataclasses import dataclass
from typing import Any

from celery import current_app
from celery.schedules import ParseException, crontab
from django.apps import apps as installed

from accounts.declarations import InvalidDeclaration, by_name, check_not_empty, check_range
from demo.windows import CLEANUP_CRON, CONTENT_WINDOWS, INTERACTION_WINDOWS

DELIVER_EVERY_SECONDS = 15
DAY_SECONDS, WEEK_SECONDS = 86_400, 604_800


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
        check_not_empty("The name of a schedule", self.name)
        check_range(f"The number `expires` of the schedule {self.name!r}", self.expires, 1, WEEK_SECONDS)
        if self.cron is None:
            check_range(f"The number `every` of the schedule {self.name!r}", self.every, 1, DAY_SECONDS)
        else:
            self._check_cron(self.cron)

    def _check_cron(self, fields: tuple[str, ...]) -> None:
        try:
            minute, hour, weekday = fields
            crontab(minute, hour, weekday)
        except (ParseException, TypeError, ValueError) as error:
            raise InvalidDeclaration(
                f"The `cron` of the schedule {self.name!r} is {fields!r}; it must be minute, hour and day of the week, such"
                ' as ("30", "3", "*").'
            ) from error


_SCHEDULES = (
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
    Schedule("inbox: threads", "interactions.tasks.refresh_threads", expires=55, every=60),
    Schedule("inbox: bulk jobs", "interactions.tasks.resume_bulk_jobs", expires=55, every=60),
    Schedule("inbox: blocked authors", "interactions.tasks.hide_blocked_authors", expires=55, every=60),
    Schedule("inbox: deleted profiles", "interactions.tasks.delete_profiles", expires=55, every=60),
    Schedule("interactions: fill search", "interactions.tasks.fill_search", expires=29, every=30),
    Schedule(
        "accounts: clear expired sessions and tokens",
        "accounts.tasks.clear_expired",
        expires=6 * 3600,
        cron=("30", "3", "*"),
    ),
)
SCHEDULES = tuple(by_name("SCHEDULES in demo/schedules.py", _SCHEDULES).values())


def create_missing_schedules(using: str = "default", **_: Any) -> None:
    """Create the schedules that are missing, by name; called after every `migrate`."""
    if not installed.is_installed("django_celery_beat"):
        return
    for schedule in SCHEDULES:
        _create_if_missing(schedule, using)


def check_tasks(**_: Any) -> None:
    """Raise InvalidDeclaration unless workers have every task that SCHEDULES names; called before every `migrate`.

    Before, as rows are created after a `migrate` that succeeds, and a start without missing migrations does not migrate.
    """
    current_app.loader.import_default_modules()
    for schedule in SCHEDULES:
        if schedule.task not in current_app.tasks:
            raise InvalidDeclaration(
                f"The schedule {schedule.name!r} names the task {schedule.task!r}, which no tasks.py has."
            )


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
