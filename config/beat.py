"""Beat with its schedules in PostgreSQL, by the database's clock. A row that cannot be run is left out, the others go on."""

import logging
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from celery.beat import Service
from celery.signals import beat_init
from celery.utils.time import maybe_make_aware
from django.db import Error, InterfaceError, OperationalError, close_old_connections
from django.utils import timezone
from django_celery_beat.models import PeriodicTask
from django_celery_beat.schedulers import DatabaseScheduler, ModelEntry

from config.schedule_checks import problem_of
from demo.engine.clock import Clock
from interactions.clock import now

logger = logging.getLogger(__name__)

MAX_RUN_COUNT = 2**31 - 1  # that the column holds


@beat_init.connect
def _end_the_loop(sender: Service, **_: Any) -> None:
    _end_by_signal(sender._is_shutdown.set)


def _end_by_signal(note: Callable[[], None]) -> None:
    """Have SIGTERM and SIGINT end beat, which then stores its runs.

    Celery's own handler stores them while it handles the signal: where that interrupts a query, the new one would wait
    for the lock of the connection for ever. The exception ends a wait for the broker, and psycopg cancels its query;
    `note` has beat end after its present pause, should a library catch the exception.
    """

    def end(_number: int, _frame: Any) -> None:
        note()
        raise KeyboardInterrupt

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)


class Entry(ModelEntry):
    """A row of a schedule, whose times are the database's.

    A run that lies in the future was noted by a clock that has been set back since: it counts as run just now.
    Otherwise beat would keep silent until the clock has caught up. An expiry by the clock is left out, as a worker's
    clock may be another, and beat does not disable a row for it; the header `once` has the broker refuse a second
    message while the first waits.
    """

    clock = Clock(timezone.now())

    def __init__(self, model: PeriodicTask, app: Any = None) -> None:
        model.expires = model.expire_seconds = None
        super().__init__(model, app=app)
        zone = getattr(self.schedule, "tz", UTC)
        self.schedule.nowfun = lambda: self.clock.now().astimezone(zone)
        self.options["headers"]["once"] = model.name

    def is_due(self) -> Any:
        now = maybe_make_aware(self._default_now())
        if self.last_run_at and maybe_make_aware(self.last_run_at) > now:
            self.last_run_at = now
        return super().is_due()

    def _default_now(self) -> datetime:
        return self.clock.now()

    def __next__(self) -> "Entry":
        self.model.total_run_count = min(self.model.total_run_count, MAX_RUN_COUNT - 1)
        return super().__next__()

    def save(self) -> None:
        """Note the run, whatever else of the row has been edited meanwhile."""
        PeriodicTask.objects.filter(pk=self.model.pk).update(
            last_run_at=self.model.last_run_at, total_run_count=self.model.total_run_count
        )


class Scheduler(DatabaseScheduler):
    Entry = Entry

    def __init__(self, *args: Any, lazy: bool = False, **kwargs: Any) -> None:
        """With `lazy` only to be asked about; else read the schedules, and end beat by signals from here on."""
        self._said: dict[str, str] = {}
        self._unsent: dict[str, str] = {}
        self._failure = ""
        self._looked = False  # at the time of the last change
        if not lazy:
            _end_by_signal(lambda: None)
        try:
            super().__init__(*args, lazy=lazy, **kwargs)
        except KeyboardInterrupt:  # nothing has been run that would have to be stored
            raise SystemExit(0) from None

    def setup_schedule(self) -> None:
        """Read the schedules; without the database `tick` reads them later."""
        try:
            super().setup_schedule()
        except Error as error:
            self._say("The schedules cannot be read yet", error)
            self._initial_read = True
        else:
            logger.info("Beat runs by the schedules in the database.")

    def all_as_schedule(self) -> dict[str, Entry]:
        """The rows that are enabled and can be run."""
        Entry.clock = Clock(now())
        entries = {}
        for task in _rows(self._broken):
            if problem := problem_of(task):
                self._broken(task.name, problem)
                continue
            try:
                entries[task.name] = self.Entry(task, app=self.app)
                self._said.pop(task.name, None)
            except Exception as error:
                self._broken(task.name, f"{type(error).__name__}: {error}")
        return entries

    def _broken(self, name: str, problem: str) -> None:
        """Say once what keeps a row from being run."""
        if self._said.get(name) != problem:
            self._said[name] = problem
            logger.error("The schedule %r is not run: %s", name, problem)

    def _is_due_failed(self, entry: Entry) -> tuple[bool, float]:
        self._broken(entry.name, "its next run cannot be computed; the admin shows why.")
        return False, self.max_interval

    def apply_entry(self, entry: Entry, producer: Any = None) -> None:
        """Send the task; what keeps it from being sent is said once, and it is tried again when it is due next."""
        try:
            self.apply_async(entry, producer=producer, advance=False)
            self._unsent.pop(entry.name, None)
        except Exception as error:
            problem = f"{type(error).__name__}: {error}"
            if self._unsent.get(entry.name) != problem:
                self._unsent[entry.name] = problem
                logger.error("The task of the schedule %r could not be sent: %s", entry.name, problem)

    def schedule_changed(self) -> bool:
        """Whether the time of the last change is another, be it earlier."""
        close_old_connections()
        try:
            changed = self.Changes.last_change()
        except Error as error:
            self._say("Whether schedules have changed cannot be read", error)
            return False
        first, self._looked = not self._looked, True
        last, self._last_timestamp = self._last_timestamp, changed
        return not first and changed != last

    def sync(self) -> None:
        """Note the runs, and set the clock."""
        super().sync()
        with suppress(Error):  # without the database it goes on by the machine's
            Entry.clock = Clock(now())

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Send what is due; whatever goes wrong with one row or the database, beat goes on in a moment."""
        try:
            return super().tick(*args, **kwargs)
        except Exception as error:
            self._say("Beat could not go through the schedules", error)
            self._initial_read = self._schedule is None
            self._heap = None
            return self.max_interval

    def _say(self, what: str, error: Exception) -> None:
        """Log a failure once, until it is another one."""
        if self._failure != (failure := f"{what}: {type(error).__name__}: {error}"):
            self._failure = failure
            logger.error(failure)


def _rows(broken: Callable[[str, str], None]) -> Iterator[PeriodicTask]:
    """The enabled rows; one that cannot be read is told to `broken`, as it would keep all others from being read."""
    rows = PeriodicTask.objects.enabled()
    try:
        yield from list(rows)
        return
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        names = PeriodicTask.objects.filter(enabled=True).values_list("pk", "name")
    for key, name in list(names):
        try:
            yield rows.get(pk=key)
        except Exception as error:
            broken(name, f"{type(error).__name__}: {error}")
