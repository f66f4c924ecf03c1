"""Periodic tasks in the admin: when each runs next, and why a row cannot be run."""

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
    """The crontab in words, or as it is written when nobody can read it."""
    try:
        return crontab.human_readable
    except Exception:  # whatever the libraries make of what an operator typed
        return str(crontab)


def _problem(task: PeriodicTask) -> str:
    """`problem_of`, computed once for the columns of a row."""
    if not hasattr(task, "_problem"):
        task._problem = problem_of(task)
    return task._problem


admin.site.unregister([PeriodicTask, CrontabSchedule, SolarSchedule])


@admin.register(CrontabSchedule)
class CrontabAdmin(CrontabScheduleAdmin):
    """django-celery-beat's, where what cannot be read is shown as it is written."""

    list_display = ["__str__", "in_words"]
    fields = ["in_words", "minute", "hour", "day_of_month", "month_of_year", "day_of_week", "timezone"]
    readonly_fields = ["in_words"]

    @admin.display(description="in words")
    def in_words(self, crontab: CrontabSchedule) -> str:
        return _readable(crontab)


class ScheduleForm(PeriodicTaskForm):
    """django-celery-beat's, which takes any name, and more than a wrong letter for no JSON."""

    def clean_name(self) -> str:
        longest = PeriodicTask._meta.get_field("name").max_length
        return validate_name(self.cleaned_data["name"], longest, "name")

    def clean(self) -> dict:
        """Where the task's own field has failed, without django-celery-beat's look at it."""
        if "task" in self.errors:
            return super(PeriodicTaskForm, self).clean()
        return super().clean()

    def _clean_json(self, field: str) -> str:
        try:
            return super()._clean_json(field)
        except (RecursionError, TypeError, KeyError):  # nested too deeply, or a type that kombu does not know
            raise ValidationError(
                "This cannot be read as JSON; write less of it, such as [] or {}."
            ) from None

    def clean_headers(self) -> str:
        return self._clean_json("headers") if self.cleaned_data["headers"] else "{}"


@admin.register(PeriodicTask)
class ScheduleAdmin(PeriodicTaskAdmin):
    """django-celery-beat's, with the next run beside the last, and with what keeps beat from running a row."""

    form = ScheduleForm
    change_form_template = None
    list_display = ["name", "state", "timing", "last_run_at", "next_run", "total_run_count"]

    def get_fieldsets(self, request, obj=None) -> list[tuple[str | None, dict]]:
        """Without the expiries, which beat leaves out of its messages (config/beat.py).

        A solar schedule needs a library that is not installed: only a row that has one shows it, to be emptied.
        """
        left_out = EXPIRIES if obj and obj.solar_id else (*EXPIRIES, "solar")
        return [
            (title, options | {"fields": [name for name in options["fields"] if name not in left_out]})
            for title, options in super().get_fieldsets(request, obj)
        ]

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        """Without all crontabs in words, for a script that the content security policy keeps from running."""
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
            self.message_user(request, "No broker takes the tasks just now; try again.", messages.ERROR)

    @admin.display(description="state", ordering="enabled")
    def state(self, task: PeriodicTask) -> str:
        problem = _problem(task)
        return f"broken: {problem}" if problem else "on" if task.enabled else "off"

    @admin.display(description="schedule")
    def timing(self, task: PeriodicTask) -> str:
        try:
            return str(task.scheduler)
        except Exception:  # whatever an operator typed; `state` has the reason
            return "-"

    @admin.display(description="next run")
    def next_run(self, task: PeriodicTask):
        if not task.enabled or _problem(task):
            return None
        moment = timezone.now()
        due = moment + task.schedule.remaining_estimate(task.last_run_at or moment)
        return (due + timedelta(milliseconds=500)).replace(microsecond=0)
