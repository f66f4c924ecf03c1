"""The admin pages of periodic tasks and crontabs: when each task runs next, and why one cannot run.

They replace django-celery-beat's. Imported by `config.apps.OperationsConfig`.
"""

from datetime import timedelta

import redis
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.utils import timezone
from django_celery_beat.admin import CrontabScheduleAdmin, PeriodicTaskAdmin, PeriodicTaskForm
from django_celery_beat.models import CrontabSchedule, PeriodicTask, SolarSchedule
from kombu.exceptions import OperationalError as BrokerError

from accounts.fields import validate_name
from accounts.redis_client import guarded_client
from config.schedule_checks import problem_of

EXPIRIES = ("expires", "expire_seconds")


def _readable(crontab: CrontabSchedule) -> str:
    """The crontab in words, or its fields when it is invalid."""
    try:
        return crontab.human_readable
    except Exception:  # the libraries raise various errors for invalid fields
        return str(crontab)


def _problem(task: PeriodicTask) -> str:
    """`problem_of(task)`, cached for the other columns of the row."""
    if not hasattr(task, "_problem"):
        task._problem = problem_of(task)
    return task._problem


admin.site.unregister([PeriodicTask, CrontabSchedule, SolarSchedule])


@admin.register(CrontabSchedule)
class CrontabAdmin(CrontabScheduleAdmin):
    """django-celery-beat's page, which fails for invalid crontabs; here they are shown by their fields."""

    list_display = ["__str__", "in_words"]
    fields = ["in_words", "minute", "hour", "day_of_month", "month_of_year", "day_of_week", "timezone"]
    readonly_fields = ["in_words"]

    @admin.display(description="in words")
    def in_words(self, crontab: CrontabSchedule) -> str:
        return _readable(crontab)


class ScheduleForm(PeriodicTaskForm):
    """django-celery-beat's form, with checks for unreadable names and for all kinds of invalid JSON."""

    def clean_name(self) -> str:
        max_length = PeriodicTask._meta.get_field("name").max_length
        return validate_name(self.cleaned_data["name"], max_length, "name")

    def clean(self) -> dict:
        """Skip django-celery-beat's checks when the field `task` is invalid, which they read."""
        if "task" in self.errors:
            return super(PeriodicTaskForm, self).clean()
        return super().clean()

    def _clean_json(self, field: str) -> str:
        try:
            return super()._clean_json(field)
        except (RecursionError, TypeError, KeyError):  # nested too deeply, or a type that kombu does not know
            raise ValidationError(
                "This cannot be read as JSON; use something simpler, such as [] or {}."
            ) from None

    def clean_headers(self) -> str:
        return self._clean_json("headers") if self.cleaned_data["headers"] else "{}"


@admin.register(PeriodicTask)
class ScheduleAdmin(PeriodicTaskAdmin):
    """django-celery-beat's page, with the next run and the reason why beat does not run a task."""

    form = ScheduleForm
    change_form_template = None
    list_display = ["name", "state", "timing", "last_run_at", "next_run", "total_run_count"]

    def get_fieldsets(self, request, obj=None) -> list[tuple[str | None, dict]]:
        """Leave out the expiries, which beat ignores (config/beat.py).

        A solar schedule needs a library that is not installed: only a row that has one shows the field, to clear it.
        """
        hidden = EXPIRIES if obj and obj.solar_id else (*EXPIRIES, "solar")
        return [
            (title, options | {"fields": [name for name in options["fields"] if name not in hidden]})
            for title, options in super().get_fieldsets(request, obj)
        ]

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        """Skip the translations of all crontabs: their script is blocked by the content security policy."""
        return super(PeriodicTaskAdmin, self).changeform_view(request, object_id, form_url, extra_context)

    @admin.display(description="crontab translation")
    def crontab_translation(self, task: PeriodicTask) -> str:
        return _readable(task.crontab) if task.crontab else "-"

    @admin.action(description="Run selected tasks", permissions=["change"])
    def run_tasks(self, request, queryset) -> None:
        broken = {task.name: problem for task in queryset if (problem := _problem(task))}
        if broken:
            reasons = " ".join(f"{name}: {problem}" for name, problem in broken.items())
            self.message_user(request, f"Nothing was run. {reasons}", messages.ERROR)
            return
        try:
            with guarded_client():
                super().run_tasks(request, queryset)
        except (BrokerError, redis.ConnectionError):
            self.message_user(request, "The broker is unreachable; try again.", messages.ERROR)

    @admin.display(description="state", ordering="enabled")
    def state(self, task: PeriodicTask) -> str:
        problem = _problem(task)
        return f"broken: {problem}" if problem else "on" if task.enabled else "off"

    @admin.display(description="schedule")
    def timing(self, task: PeriodicTask) -> str:
        try:
            return str(task.scheduler)
        except Exception:  # the schedule is invalid; `state` has the reason
            return "-"

    @admin.display(description="next run")
    def next_run(self, task: PeriodicTask):
        if not task.enabled or _problem(task):
            return None
        moment = timezone.now()
        due = moment + task.schedule.remaining_estimate(task.last_run_at or moment)
        return (due + timedelta(milliseconds=500)).replace(microsecond=0)
