"""Beat skips a schedule's row that is invalid in any way, logs it once, and runs the others; the admin shows the reason."""

import logging
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.urls import reverse
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    PeriodicTasks,
    SolarSchedule,
)

from config.beat import Scheduler
from config.celery import app
from config.schedule_checks import problem_of
from demo.schedules import SCHEDULES, create_missing_schedules
from demo.windows import CONTENT_WINDOWS, INTERACTION_WINDOWS, next_cleanup
from tests.admin_client import act

OWN_SCHEDULES = {schedule.name for schedule in SCHEDULES}
NOW = datetime.now(UTC)
LIST = "admin:django_celery_beat_periodictask_changelist"


def row(**fields) -> PeriodicTask:
    """A schedule named "odd", created without validation, as SQL may write it."""
    values = {"name": "odd", "task": "demo.tasks.plan", "interval": every(60)}
    values |= {"last_run_at": NOW - timedelta(days=1)} | fields
    PeriodicTask.objects.bulk_create([PeriodicTask(**values)])
    return PeriodicTask.objects.get(name="odd")


def every(number: int, period: str = "seconds") -> IntervalSchedule:
    return IntervalSchedule.objects.create(every=number, period=period)


def crontab(**fields) -> CrontabSchedule:
    return CrontabSchedule.objects.create(**fields)


def solar(latitude: float = 52) -> SolarSchedule:
    return SolarSchedule.objects.create(event="sunrise", latitude=latitude, longitude=13)


def clocked(moment: datetime) -> ClockedSchedule:
    return ClockedSchedule.objects.create(clocked_time=moment)


INVALID_ROWS = {
    "headers are a list": lambda: row(headers="[]"),
    "headers are no JSON": lambda: row(headers="{"),
    "headers are Celery's": lambda: row(headers='{"task": "x", "id": 5}'),
    **{
        f"headers have a {kind}": lambda kind=kind, value=value: row(
            headers=f'{{"x": {{"__type__": "{kind}", "__value__": "{value}"}}}}'
        )
        for kind, value in (("date", "2020-01-01"), ("uuid", "0" * 32), ("decimal", "1.5"), ("bytes", "x"))
    },
    "args are no JSON": lambda: row(args="["),
    "args are an object": lambda: row(args="{}"),
    "args are not the task's": lambda: row(args="[1]"),
    "an argument is not a number": lambda: row(task="demo.tasks.finish", args='["1"]'),
    "a task of Celery's that workers skip": lambda: row(task="celery.chord", args="[1, 2]"),
    "kwargs are a list": lambda: row(kwargs="[]"),
    "kwargs are no JSON": lambda: row(kwargs="nonsense"),
    "kwargs are of a strange type": lambda: row(kwargs='{"a": {"__type__": "datetime", "__value__": "x"}}'),
    "no task": lambda: row(task=""),
    "an unknown task": lambda: row(task="demo.tasks.none"),
    "solar": lambda: row(interval=None, solar=solar()),
    "solar at the pole": lambda: row(interval=None, solar=solar(89.9)),
    "no schedule": lambda: row(interval=None),
    "two schedules": lambda: row(crontab=crontab()),
    "every 0": lambda: row(interval=every(0)),
    "every -5": lambda: row(interval=every(-5)),
    "every microsecond": lambda: row(interval=every(1, "microseconds")),
    "for ever": lambda: row(interval=every(2_000_000_000, "days")),
    "longer than the calendar": lambda: row(interval=every(900_000_000, "days")),
    "no period": lambda: row(interval=every(1, "fortnights")),
    "every 0 minutes of a crontab": lambda: row(interval=None, crontab=crontab(minute="*/0")),
    "a crontab of words": lambda: row(interval=None, crontab=crontab(minute="now and then")),
    "minute 99": lambda: row(interval=None, crontab=crontab(minute="99")),
    "30 February": lambda: row(interval=None, crontab=crontab(day_of_month="30", month_of_year="2")),
    "clocked, again and again": lambda: row(interval=None, clocked=clocked(NOW)),
    "an unknown queue": lambda: row(queue="other"),
    "an unknown exchange": lambda: row(exchange="other"),
    "an unknown routing key": lambda: row(routing_key="other"),
}


@pytest.fixture
def scheduler(db, monkeypatch) -> Iterator[Scheduler]:
    """Beat's scheduler; it records the names of sent tasks in `sent` instead of sending them."""
    sent: list[str] = []
    monkeypatch.setattr(
        Scheduler, "apply_async", lambda self, entry, **_: sent.append(entry.name), raising=True
    )
    monkeypatch.setattr(Scheduler, "producer", None)
    for module in ("config.beat", "django_celery_beat.schedulers"):
        monkeypatch.setattr(
            f"{module}.close_old_connections", lambda: None
        )  # it would end the test's transaction
    scheduler = Scheduler(app, lazy=True)
    scheduler.sent = sent
    yield scheduler
    scheduler._finalize.cancel()


def run(scheduler: Scheduler, ticks: int = 30) -> set[str]:
    """The names of all schedules sent so far, after `ticks` more calls of `tick`; Perennial's own are due."""
    PeriodicTask.objects.filter(name__in=OWN_SCHEDULES).update(last_run_at=NOW - timedelta(days=8))
    scheduler.max_interval = 0.01
    for _ in range(ticks):
        scheduler.tick()
    return set(scheduler.sent)


@pytest.mark.sample(6)
@pytest.mark.parametrize("kind", INVALID_ROWS)
def test_an_invalid_row_is_skipped_and_shown_in_the_admin_and_the_others_run(
    scheduler, caplog, operator, kind
):
    task = INVALID_ROWS[kind]()
    assert problem_of(task)
    started = time.monotonic()
    assert (
        {"demo: deliver due events", "demo: sweep"}
        <= run(scheduler)
        <= OWN_SCHEDULES | {"celery.backend_cleanup"}
    )
    assert time.monotonic() - started < 5
    logged = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert [record.getMessage() for record in logged if "odd" not in record.getMessage()] == []
    assert len(logged) == 1
    page = operator.get(reverse(LIST))
    assert (page.status_code, "broken: " in page.content.decode()) == (200, True)
    task.refresh_from_db()
    assert task.enabled
    for name, key in (("periodictask", task.pk), ("crontabschedule", task.crontab_id)):
        if key:
            page = operator.get(reverse(f"admin:django_celery_beat_{name}_change", args=[key]))
            assert page.status_code == 200
    assert operator.get(reverse("admin:django_celery_beat_crontabschedule_changelist")).status_code == 200
    action = {"action": "run_tasks", "_selected_action": [task.pk]}
    assert "Nothing was run" in operator.post(reverse(LIST), action, follow=True).content.decode()


@pytest.mark.parametrize(
    "fields",
    [
        {"expires": NOW - timedelta(days=1)},
        {"expires": NOW - timedelta(days=1), "expire_seconds": 5},
        {"start_time": datetime(9999, 12, 31, tzinfo=UTC)},
        {"start_time": datetime(1, 1, 1, tzinfo=UTC)},
        {"last_run_at": datetime(9999, 12, 31, tzinfo=UTC)},
        {"last_run_at": datetime(1, 1, 2, tzinfo=UTC)},
        {"one_off": True, "total_run_count": 3},
        {"priority": 2_000_000_000},
        {"total_run_count": 2_147_483_647, "last_run_at": NOW - timedelta(days=1)},
        {"enabled": False, "headers": "["},
    ],
    ids=lambda fields: "-".join(fields),
)
def test_a_row_with_unusual_but_valid_values_does_not_affect_the_others(scheduler, caplog, operator, fields):
    task = row(**fields)
    assert {"demo: deliver due events", "demo: sweep"} <= run(scheduler)
    assert PeriodicTask.objects.get(pk=task.pk).enabled == (task.enabled and not task.one_off)
    scheduler.sync()
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []
    assert operator.get(reverse(LIST)).status_code == 200


UNKNOWN_ZONES = ["Foo/Bar", "Africa", "../../etc/passwd", "UTC\n"]
OUTSIDE_PYTHONS_RANGE = ["infinity", "-infinity", "294276-12-31", "10000-01-01", "4713-01-01 BC"]
UNREADABLE_ROWS = {  # by name: a statement that makes a row unreadable, its value, a word of the reported problem
    **{
        f"time zone {zone!r}": (
            "UPDATE django_celery_beat_crontabschedule SET timezone = %s",
            zone,
            "time zone",
        )
        for zone in UNKNOWN_ZONES
    },
    **{
        f"{column} {time}": (f"UPDATE django_celery_beat_periodictask SET {column} = %s", time, column)
        for column in ("last_run_at", "start_time", "expires", "date_changed")
        for time in (OUTSIDE_PYTHONS_RANGE if column == "last_run_at" else OUTSIDE_PYTHONS_RANGE[:1])
    },
    **{
        f"clocked_time {time}": (
            "UPDATE django_celery_beat_clockedschedule SET clocked_time = %s",
            time,
            "clocked",
        )
        for time in OUTSIDE_PYTHONS_RANGE[:2]
    },
}


@pytest.fixture(params=UNREADABLE_ROWS)
def unreadable(request, db) -> tuple[PeriodicTask, str]:
    """A row that the libraries cannot read, and a word of the problem that is reported."""
    PeriodicTask.objects.all().delete()
    CrontabSchedule.objects.all().delete()
    statement, value, word = UNREADABLE_ROWS[request.param]
    timing = {"clocked": clocked(NOW), "one_off": True} if "clocked" in statement else {"crontab": crontab()}
    task = row(interval=None, **timing)
    with connection.cursor() as cursor:
        cursor.execute(statement, [value])
    return task, word


@pytest.mark.sample(3)
def test_a_row_that_cannot_be_read_is_skipped(scheduler, caplog, unreadable):
    create_missing_schedules()
    assert {"demo: deliver due events", "demo: sweep"} <= run(scheduler)
    assert [record.args[0] for record in caplog.records if record.levelno >= logging.ERROR] == ["odd"]


@pytest.mark.sample(2)
def test_the_admin_shows_opens_and_deletes_a_row_that_cannot_be_read(operator, unreadable):
    task, word = unreadable
    page = operator.get(reverse(LIST))
    assert page.status_code == 200
    [problem] = re.findall("broken: ([^<]*)", page.content.decode())
    assert word in problem
    schedules = {"crontabschedule": task.crontab_id, "clockedschedule": task.clocked_id}
    for name, key in {"periodictask": task.pk, **schedules}.items():
        admin = f"admin:django_celery_beat_{name}"
        paths = [reverse(f"{admin}_changelist"), reverse(f"{admin}_add")]
        paths += [reverse(f"{admin}_{page}", args=[key]) for page in ("change", "delete", "history") if key]
        assert {path: operator.get(path).status_code for path in paths} == dict.fromkeys(paths, 200)
    assert "Nothing was run" in "".join(act(operator, LIST, "run_tasks", task))
    for action in ("disable_tasks", "enable_tasks", "toggle_tasks"):
        assert "1 task was successfully" in act(operator, LIST, action, task)[0]
    act(operator, LIST, "delete_selected", task, post="yes")
    assert not PeriodicTask.objects.exists()


def test_the_admin_can_replace_an_unknown_time_zone_of_a_crontab(operator):
    key = crontab(minute="7").pk
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE django_celery_beat_crontabschedule SET timezone = 'Foo/Bar' WHERE id = %s", [key]
        )
    change = reverse("admin:django_celery_beat_crontabschedule_change", args=[key])
    form = {"minute": "7", "hour": "*", "day_of_month": "*", "month_of_year": "*", "day_of_week": "*"}
    form |= {"periodictask_set-TOTAL_FORMS": 0, "periodictask_set-INITIAL_FORMS": 0}
    assert operator.post(change, form | {"timezone": "Europe/Paris"}).status_code == 302
    assert str(CrontabSchedule.objects.get(pk=key).timezone) == "Europe/Paris"


def test_the_admin_offers_no_solar_schedules_and_can_replace_one(operator):
    add = operator.get(reverse("admin:django_celery_beat_periodictask_add"))
    assert "solar" not in add.context["adminform"].form.fields
    task = row(interval=None, solar=solar())
    assert problem_of(task) == "Solar schedules are not supported; choose another kind."
    change = reverse("admin:django_celery_beat_periodictask_change", args=[task.pk])
    form = {"name": "odd", "task": task.task, "args": "[]", "kwargs": "{}", "headers": "{}"}
    assert operator.post(change, form | {"interval": every(5).pk, "solar": ""}).status_code == 302
    task.refresh_from_db()
    assert (task.solar, problem_of(task)) == (None, "")


@pytest.mark.parametrize("field", ["args", "kwargs", "headers"])
@pytest.mark.parametrize(
    "text", ["[" * 3_000, "[" * 3_000 + "]" * 3_000, '{"__type__": "datetime", "__value__": 5}', "9" * 5_000]
)
def test_invalid_json_is_reported_at_its_field(operator, field, text):
    task = row()
    change = reverse("admin:django_celery_beat_periodictask_change", args=[task.pk])
    form = {"name": "odd", "task": task.task, "interval": task.interval_id, "args": "[]", "kwargs": "{}"}
    page = operator.post(change, form | {"headers": "{}"} | {field: text})
    assert (page.status_code, list(page.context["adminform"].form.errors)) == (200, [field])


def test_a_corrected_row_runs_again(scheduler, caplog):
    task = row(headers="[]", interval=every(1))
    run(scheduler)
    task.headers = "{}"
    task.save()
    assert "odd" in run(scheduler)


@pytest.mark.parametrize("change", ["'9999-12-31'", None])
def test_changes_are_noticed_whatever_the_time_of_the_last_change_was(scheduler, caplog, change):
    PeriodicTasks.update_changed()
    run(scheduler, 3)
    with connection.cursor() as cursor:
        statement = f"UPDATE {PeriodicTasks._meta.db_table} SET last_update = {change}" if change else None
        cursor.execute(statement or f"DELETE FROM {PeriodicTasks._meta.db_table}")
    run(scheduler, 3)
    task = row(interval=every(1))
    task.save()
    assert "odd" in run(scheduler)
    assert len([record for record in caplog.records if record.levelno >= logging.ERROR]) <= 1


def test_a_task_that_cannot_be_sent_is_logged_once(scheduler, caplog, monkeypatch):
    def refuse(self, entry, **_):
        if entry.name == "odd":
            raise RuntimeError("refused")
        self.sent.append(entry.name)

    monkeypatch.setattr(Scheduler, "apply_async", refuse)
    row(interval=every(1))
    for _ in range(3):
        PeriodicTask.objects.filter(name="odd").update(last_run_at=NOW - timedelta(days=1))
        PeriodicTasks.update_changed()
        assert {"demo: deliver due events", "demo: sweep"} <= run(scheduler)
    logged = [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
    assert logged == ["The task of the schedule 'odd' could not be sent: RuntimeError: refused"]


def test_messages_have_no_expiry(scheduler):
    task = row(expire_seconds=14)
    entry = scheduler.Entry(task, app=app)
    assert entry.options == {"headers": {"periodic_task_name": "odd", "once": "odd"}}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("demo: daily content", CONTENT_WINDOWS.start_at_or_after),
        ("demo: interactions", INTERACTION_WINDOWS.start_at_or_after),
        ("demo: weekly cleanup", next_cleanup),
    ],
)
@pytest.mark.parametrize("hours", range(0, 24 * 7, 5))
def test_beat_runs_a_task_when_the_demos_say_that_it_is_next(db, name, expected, hours):
    moment = datetime(2026, 3, 4, 0, 1, tzinfo=UTC) + timedelta(hours=hours)
    schedule = PeriodicTask.objects.get(name=name).schedule
    schedule.nowfun = lambda: moment
    assert moment + schedule.remaining_estimate(moment) == expected(moment)
