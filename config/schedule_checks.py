"""Finds what is wrong with a row of a schedule. Beat skips such a row, and the admin shows the reason.

Called by `config/beat.py` and `config/schedule_admin.py`.
"""

from datetime import UTC, datetime, timedelta
from functools import cache
from inspect import signature
from json import dumps
from typing import Any

from celery import current_app
from celery.schedules import schedule
from django_celery_beat.models import PeriodicTask
from kombu.utils.json import loads

from config.postgresql.times import FIRST_TIME, LAST_TIME
from config.task_messages import ALLOWED_CELERY_TASKS, InvalidMessage, check_arguments

TIME_COLUMNS = ("start_time", "last_run_at", "expires", "date_changed")
SCHEDULE_KINDS = ("interval", "crontab", "solar", "clocked")
MESSAGE_COLUMNS = (("args", list, "[]"), ("kwargs", dict, "{}"), ("headers", dict, "{}"))
RESERVED_HEADERS = {
    *("lang", "task", "id", "shadow", "eta", "expires", "group", "group_index", "retries", "timelimit"),
    *("root_id", "parent_id", "argsrepr", "kwargsrepr", "origin", "ignore_result", "compression"),
    *("replaced_task_nesting", "stamped_headers", "stamps", "once", "delay", "periodic_task_name"),
}
TIME_FIXES = {"last_run_at": "disable it and enable it again", "date_changed": "save it"}
MIN_INTERVAL = timedelta(seconds=1)


def problem_of(task: PeriodicTask) -> str:
    """Why beat cannot run the row, as a sentence; "" when it can."""
    try:
        return _task_problem(task) or _schedule_problem(task) or _message_problem(task) or _time_problem(task)
    except Exception as error:  # the libraries raise various errors for what an operator typed
        return f"Its schedule cannot be computed: {type(error).__name__}: {error}"[:300]


@cache
def registered_tasks() -> Any:
    """The tasks that workers run, by name."""
    current_app.autodiscover_tasks(force=True)
    return current_app.tasks


def _task_problem(task: PeriodicTask) -> str:
    if task.task.startswith("celery.") and task.task not in ALLOWED_CELERY_TASKS:
        return f"Workers do not run the task {task.task!r}; choose one of Perennial's."
    if task.task not in registered_tasks():
        return f"There is no task named {task.task!r}." if task.task else "It names no task."
    return ""


def _schedule_problem(task: PeriodicTask) -> str:
    chosen = [kind for kind in SCHEDULE_KINDS if getattr(task, f"{kind}_id")]
    if len(chosen) != 1:
        return f"It has {' and '.join(chosen)}; leave one." if chosen else "It has no schedule; choose one."
    if task.solar_id:
        return "Solar schedules are not supported; choose another kind."
    if task.clocked_id and not task.one_off:
        return "A clocked schedule runs once; tick One-off Task."
    return ""


def _message_problem(task: PeriodicTask) -> str:
    values = {}
    for column, kind, empty in MESSAGE_COLUMNS:
        try:
            values[column] = loads(getattr(task, column) or empty)
        except (ValueError, RecursionError):
            return f"Its {column} are not JSON; write {empty} for none."
        if problem := _value_problem(column, kind, empty, values[column]):
            return problem
    if reserved := sorted(RESERVED_HEADERS & values["headers"].keys()):
        return f"Its headers name {', '.join(reserved)}, which Celery sets itself."
    return _argument_problem(task, values["args"], values["kwargs"]) or _routing_problem(task)


def _value_problem(column: str, kind: type, empty: str, value: Any) -> str:
    try:
        dumps(value)
    except TypeError:
        return f"Its {column} have a value of a type that messages cannot carry; write it as text."
    if not isinstance(value, kind):
        return f"Its {column} must be {'a list' if kind is list else 'an object'}, such as {empty}."
    return ""


def _argument_problem(task: PeriodicTask, args: list, kwargs: dict) -> str:
    expected = signature(registered_tasks()[task.task].run)
    try:
        expected.bind(*args, **kwargs)  # its error is more precise than that of check_arguments
        check_arguments(expected, args, kwargs)
    except TypeError as error:
        return f"Its arguments do not match the task: {error}."
    except InvalidMessage as error:
        return f"A worker would skip its message: {error}."
    return ""


def _routing_problem(task: PeriodicTask) -> str:
    if task.queue and task.queue not in current_app.amqp.queues:
        return f"No worker reads the queue {task.queue!r}; leave it empty."
    if task.exchange or task.routing_key:
        return "Exchange and routing key lead to no worker; leave them empty."
    return ""


def _time_problem(task: PeriodicTask) -> str:
    for column in TIME_COLUMNS:
        if getattr(task, column) in (FIRST_TIME, LAST_TIME):
            fix = TIME_FIXES.get(column, "clear it or choose another")
            return f"Its {column} is outside of the calendar; {fix}."
    if task.clocked and task.clocked.clocked_time in (FIRST_TIME, LAST_TIME):
        return "Its clocked time is outside of the calendar; choose another."
    if task.crontab and isinstance(task.crontab.timezone, str):
        return f"There is no time zone named {task.crontab.timezone!r}; choose another in its crontab."
    timing = task.schedule
    if type(timing) is schedule and timing.run_every < MIN_INTERVAL:
        return "Its interval is shorter than a second."
    present = datetime.now(UTC)
    timing.is_due(task.last_run_at or present)
    present + timing.remaining_estimate(task.last_run_at or present)  # raises when outside of the calendar
    return ""
