"""One row of a schedule may be wrong in any way: beat leaves it out and says so once, and runs the others."""

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
from tests.back_office import act

OURS = {schedule.name for schedule in SCHEDULES}
NOW = datetime.now(UTC)
LIST = "admin:django_celery_beat_periodictask_changelist"


def row(**fields) -> PeriodicTask:
    """A row as SQL may leave it, whatever the form would say."""
    given = {"name": "odd", "task": "demo.tasks.plan", "interval": every(60)}
    given |= {"last_run_at": NOW - timedelta(days=1)} | fields
    PeriodicTask.objects.bulk_create([PeriodicTask(**given)])
    return PeriodicTask.objects.get(name="odd")


def every(number: int, period: str = "seconds") -> IntervalSchedule:
    return IntervalSchedule.objects.create(every=number, period=period)


def crontab(**fields) -> CrontabSchedule:
    return CrontabSchedule.objects.create(**fields)


def solar(latitude: float = 52) -> SolarSchedule:
    return SolarSchedule.objects.create(event="sunrise", latitude=latitude, longitude=13)


def clocked(moment: datetime) -> ClockedSchedule:
    return ClockedSchedule.objects.create(clocked_time=moment)


BROKEN = {
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
    "a task of Celery's that workers leave out": lambda: row(task="celery.chord", args="[1, 2]"),
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
    """Beat's, which notes what it sends; rows start as never run."""
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


def go(scheduler: Scheduler, ticks: int = 30) -> set[str]:
    """What is sent in so many ticks."""
    PeriodicTask.objects.filter(name__in=OURS).update(last_run_at=NOW - timedelta(days=8))
    scheduler.max_interval = 0.01
    for _ in range(ticks):
        scheduler.tick()
    return set(scheduler.sent)


@pytest.mark.parametrize("broken", BROKEN)
def test_a_row_that_cannot_be_run_is_left_out_and_the_others_go_on(scheduler, caplog, operator, broken):
    task = BROKEN[broken]()
    assert problem_of(task)
    started = time.monotonic()
    assert {"demo: deliver due events", "demo: sweep"} <= go(scheduler) <= OURS | {"celery.backend_cleanup"}
    assert time.monotonic() - started < 5
    said = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert [record.getMessage() for record in said if "odd" not in record.getMessage()] == []
    assert len(said) == 1
    shown = operator.get(reverse(LIST))
    assert (shown.status_code, "broken: " in shown.content.decode()) == (200, True)
    task.refresh_from_db()
    assert task.enabled
    for name, key in (("periodictask", task.pk), ("crontabschedule", task.crontab_id)):
        if key:
            page = operator.get(reverse(f"admin:django_celery_beat_{name}_change", args=[key]))
            assert page.status_code == 200
    assert operator.get(reverse("admin:django_celery_beat_crontabschedule_changelist")).status_code == 200
    run = {"action": "run_tasks", "_selected_action": [task.pk]}
    assert "Nothing was run" in operator.post(reverse(LIST), run, follow=True).content.decode()


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
def test_a_row_that_is_only_odd_disturbs_nobody(scheduler, caplog, operator, fields):
    task = row(**fields)
    assert {"demo: deliver due events", "demo: sweep"} <= go(scheduler)
    assert PeriodicTask.objects.get(pk=task.pk).enabled == (task.enabled and not task.one_off)
    scheduler.sync()
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []
    assert operator.get(reverse(LIST)).status_code == 200


UNKNOWN_ZONES = ["Foo/Bar", "Africa", "../../etc/passwd", "UTC\n"]
NEVER = ["infinity", "-infinity", "294276-12-31", "10000-01-01", "4713-01-01 BC"]
SPOILT = {
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
        for time in (NEVER if column == "last_run_at" else NEVER[:1])
    },
    **{
        f"clocked_time {time}": (
            "UPDATE django_celery_beat_clockedschedule SET clocked_time = %s",
            time,
            "clocked",
        )
        for time in NEVER[:2]
    },
}


@pytest.fixture(params=SPOILT)
def spoilt(request, db) -> tuple[PeriodicTask, str]:
    """A row that SQL has spoilt, which the libraries cannot read, and a word of what is said about it."""
    PeriodicTask.objects.all().delete()
    CrontabSchedule.objects.all().delete()
    statement, value, word = SPOILT[request.param]
    clock = {"clocked": clocked(NOW), "one_off": True} if "clocked" in statement else {"crontab": crontab()}
    task = row(interval=None, **clock)
    with connection.cursor() as cursor:
        cursor.execute(statement, [value])
    return task, word


def test_a_row_that_sql_has_spoilt_is_left_out(scheduler, caplog, spoilt):
    create_missing_schedules()
    assert {"demo: deliver due events", "demo: sweep"} <= go(scheduler)
    assert [record.args[0] for record in caplog.records if record.levelno >= logging.ERROR] == ["odd"]


def test_the_admin_shows_opens_and_deletes_a_row_that_sql_has_spoilt(operator, spoilt):
    task, word = spoilt
    shown = operator.get(reverse(LIST))
    assert shown.status_code == 200
    [said] = re.findall("broken: ([^<]*)", shown.content.decode())
    assert word in said
    schedules = {"crontabschedule": task.crontab_id, "clockedschedule": task.clocked_id}
    for name, key in {"periodictask": task.pk, **schedules}.items():
        admin = f"admin:django_celery_beat_{name}"
        opened = [reverse(f"{admin}_changelist"), reverse(f"{admin}_add")]
        opened += [reverse(f"{admin}_{page}", args=[key]) for page in ("change", "delete", "history") if key]
        assert {path: operator.get(path).status_code for path in opened} == dict.fromkeys(opened, 200)
    assert "Nothing was run" in "".join(act(operator, LIST, "run_tasks", task))
    for action in ("disable_tasks", "enable_tasks", "toggle_tasks"):
        assert "1 task was successfully" in act(operator, LIST, action, task)[0]
    act(operator, LIST, "delete_selected", task, post="yes")
    assert not PeriodicTask.objects.exists()


def test_a_crontab_with_an_unknown_time_zone_is_given_another(operator):
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


def test_solar_schedules_are_not_offered_and_a_row_that_has_one_is_given_another(operator):
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
def test_what_is_no_json_is_said_beside_its_field(operator, field, text):
    task = row()
    change = reverse("admin:django_celery_beat_periodictask_change", args=[task.pk])
    form = {"name": "odd", "task": task.task, "interval": task.interval_id, "args": "[]", "kwargs": "{}"}
    answer = operator.post(change, form | {"headers": "{}"} | {field: text})
    assert (answer.status_code, list(answer.context["adminform"].form.errors)) == (200, [field])


def test_a_row_that_is_mended_runs_again(scheduler, caplog):
    task = row(headers="[]", interval=every(1))
    go(scheduler)
    task.headers = "{}"
    task.save()
    assert "odd" in go(scheduler)


@pytest.mark.parametrize("change", ["'9999-12-31'", None])
def test_odd_times_of_change_disturb_nobody(scheduler, caplog, change):
    PeriodicTasks.update_changed()
    go(scheduler, 3)
    with connection.cursor() as cursor:
        statement = f"UPDATE {PeriodicTasks._meta.db_table} SET last_update = {change}" if change else None
        cursor.execute(statement or f"DELETE FROM {PeriodicTasks._meta.db_table}")
    go(scheduler, 3)
    task = row(interval=every(1))
    task.save()
    assert "odd" in go(scheduler)
    assert len([record for record in caplog.records if record.levelno >= logging.ERROR]) <= 1


def test_what_cannot_be_sent_is_said_once(scheduler, caplog, monkeypatch):
    def refuse(self, entry, **_):
        if entry.name == "odd":
            raise RuntimeError("refused")
        self.sent.append(entry.name)

    monkeypatch.setattr(Scheduler, "apply_async", refuse)
    row(interval=every(1))
    for _ in range(3):
        PeriodicTask.objects.filter(name="odd").update(last_run_at=NOW - timedelta(days=1))
        PeriodicTasks.update_changed()
        assert {"demo: deliver due events", "demo: sweep"} <= go(scheduler)
    said = [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
    assert said == ["The task of the schedule 'odd' could not be sent: RuntimeError: refused"]


def test_a_row_says_nothing_of_when_its_message_ends(scheduler):
    task = row(expire_seconds=14)
    entry = scheduler.Entry(task, app=app)
    assert entry.options == {"headers": {"periodic_task_name": "odd", "once": "odd"}}
