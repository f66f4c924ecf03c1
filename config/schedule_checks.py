"""What is wrong with a row of a schedule: beat leaves such a row out, and the admin shows the reason."""

from datetime import UTC, datetime, timedelta
from functools import cache
from inspect import signature
from json import dumps
from typing import Any

from celery import current_app
from celery.schedules import schedule
from django_celery_beat.models import CrontabSchedule, PeriodicTask
from kombu.utils.json import loads
from timezone_field.utils import AutoDeserializedAttribute

from config.postgresql.times import FIRST, LAST
from config.task_messages import OWN, Nonsense, check_arguments

TIMES = ("start_time", "last_run_at", "expires", "date_changed")
KINDS = ("interval", "crontab", "solar", "clocked")
CELERYS_OWN = {
    *("lang", "task", "id", "shadow", "eta", "expires", "group", "group_index", "retries", "timelimit"),
    *("root_id", "parent_id", "argsrepr", "kwargsrepr", "origin", "ignore_result", "compression"),
    *("replaced_task_nesting", "stamped_headers", "stamps", "once", "delay", "periodic_task_name"),
}
MENDED_BY = {"last_run_at": "disable it and enable it again", "date_changed": "save it"}
MIN_INTERVAL = timedelta(seconds=1)


class AnyZone(AutoDeserializedAttribute):
    """The attribute of a time zone; one that is unknown is the text that it is, as an error would keep all rows unread."""

    def __set__(self, row: Any, value: Any) -> None:
        try:
            super().__set__(row, value)
        except Exception:  # whatever the libraries make of it, such as the name of one of their folders
            row.__dict__[self.field.attname] = value


def read_any_zone() -> None:
    """Have crontabs whose time zone is unknown be read."""
    field = CrontabSchedule._meta.get_field("timezone")
    field.from_db_value = lambda value, *_: value  # the attribute does the rest
    setattr(CrontabSchedule, field.attname, AnyZone(field))


def problem_of(task: PeriodicTask) -> str:
    """Why beat cannot run the row, as a sentence; empty when it can."""
    try:
        return _problem_of(task)
    except Exception as error:  # whatever the libraries make of what an operator typed
        return f"Its schedule cannot be computed: {type(error).__name__}: {error}"[:300]


def _problem_of(task: PeriodicTask) -> str:
    if task.task.startswith("celery.") and task.task not in OWN:
        return f"Workers run no task {task.task!r}; choose one of Perennial's."
    if task.task not in registered():
        return f"There is no task named {task.task!r}." if task.task else "It names no task."
    chosen = [kind for kind in KINDS if getattr(task, f"{kind}_id")]
    if len(chosen) != 1:
        return f"It has {' and '.join(chosen)}; leave one." if chosen else "It has no schedule; choose one."
    if task.solar_id:
        return "Solar schedules are not supported; choose another kind."
    if task.clocked_id and not task.one_off:
        return "A clocked schedule runs once; tick One-off Task."
    return _wrong_message(task) or _wrong_times(task)


@cache
def registered() -> Any:
    """The tasks that workers know, by name."""
    current_app.autodiscover_tasks(force=True)
    return current_app.tasks


def _wrong_message(task: PeriodicTask) -> str:
    given = {}
    for name, kind, text in (("args", list, "[]"), ("kwargs", dict, "{}"), ("headers", dict, "{}")):
        try:
            given[name] = loads(getattr(task, name) or text)
        except (ValueError, RecursionError):
            return f"Its {name} are not JSON; write {text} for none."
        try:
            dumps(given[name])
        except TypeError:
            return f"Its {name} have a value of a type that no message has; write it as text."
        if not isinstance(given[name], kind):
            return f"Its {name} must be written as {text} or with something in between."
    if taken := sorted(CELERYS_OWN & given["headers"].keys()):
        return f"Its headers name {', '.join(taken)}, which Celery sets itself."
    expected = signature(registered()[task.task].run)
    try:
        expected.bind(*given["args"], **given["kwargs"])  # which says more of what is wrong
        check_arguments(expected, given["args"], given["kwargs"])
    except TypeError as error:
        return f"Its arguments are not those of the task: {error}."
    except Nonsense as error:
        return f"A worker would leave its message out: {error}."
    if task.queue and task.queue not in current_app.amqp.queues:
        return f"No worker reads the queue {task.queue!r}; leave it empty."
    if task.exchange or task.routing_key:
        return "Exchange and routing key lead to no worker; leave them empty."
    return ""


def _wrong_times(task: PeriodicTask) -> str:
    for name in TIMES:
        if getattr(task, name) in (FIRST, LAST):
            return f"Its {name} lies outside of the calendar; {MENDED_BY.get(name, 'empty it or choose another')}."
    if task.clocked and task.clocked.clocked_time in (FIRST, LAST):
        return "Its clocked time lies outside of the calendar; choose another."
    if task.crontab and isinstance(task.crontab.timezone, str):
        return f"There is no time zone named {task.crontab.timezone!r}; choose another in its crontab."
    timing = task.schedule
    if type(timing) is schedule and timing.run_every < MIN_INTERVAL:
        return "Its interval is shorter than a second."
    now = datetime.now(UTC)
    timing.is_due(task.last_run_at or now)
    now + timing.remaining_estimate(task.last_run_at or now)  # OverflowError when that is out of the calendar
    return ""
