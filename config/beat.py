"""Beat's scheduler: schedules are rows in PostgreSQL, times are the database's. Invalid rows are skipped and logged.

Celery's beat service uses `Scheduler`, which the settings name as CELERY_BEAT_SCHEDULER.
"""

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

MAX_RUN_COUNT = 2**31 - 1  # of the column total_run_count


@beat_init.connect
def _stop_loop_on_signal(sender: Service, **_: Any) -> None:
    _handle_stop_signals(sender._is_shutdown.set)


def _handle_stop_signals(request_stop: Callable[[], None]) -> None:
    """Make SIGTERM and SIGINT end beat by KeyboardInterrupt; beat then stores its run times.

    Celery's own handler stores them inside of the signal handler. If the signal interrupted a query, that would deadlock
    on the connection's lock. The exception ends a wait for the broker, and psycopg cancels the running query.
    `request_stop` ends beat after its current pause, in case a library catches the exception.
    """

    def stop(_number: int, _frame: Any) -> None:
        request_stop()
        raise KeyboardInterrupt

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)


class Entry(ModelEntry):
    """One schedule, timed by the database's clock.

    * A last run in the future counts as now: the clock was set back since. Otherwise the schedule would not run until
      the clock reached that time again.
    * Expiries are ignored, since a worker's clock may differ, and an expired row is not disabled. Instead the header
      `once` makes the broker refuse a second message while the first is in the queue.
    """

    clock = Clock(timezone.now())

    def __init__(self, model: PeriodicTask, app: Any = None) -> None:
        model.expires = model.expire_seconds = None
        super().__init__(model, app=app)
        zone = getattr(self.schedule, "tz", UTC)
        self.schedule.nowfun = lambda: self.clock.now().astimezone(zone)
        self.options["headers"]["once"] = model.name

    def is_due(self) -> Any:
        present = maybe_make_aware(self._default_now())
        if self.last_run_at and maybe_make_aware(self.last_run_at) > present:
            self.last_run_at = present
        return super().is_due()

    def _default_now(self) -> datetime:
        return self.clock.now()

    def __next__(self) -> "Entry":
        self.model.total_run_count = min(self.model.total_run_count, MAX_RUN_COUNT - 1)
        return super().__next__()

    def save(self) -> None:
        """Store the run. Other columns are left alone: an operator may have edited them meanwhile."""
        PeriodicTask.objects.filter(pk=self.model.pk).update(
            last_run_at=self.model.last_run_at, total_run_count=self.model.total_run_count
        )


class Scheduler(DatabaseScheduler):
    """Reads, runs and stores schedules. An error of one row or of the database is logged, once, and does not end beat."""

    Entry = Entry

    def __init__(self, *args: Any, lazy: bool = False, **kwargs: Any) -> None:
        """Read the schedules and handle stop signals; with `lazy`, do neither."""
        self._row_problems: dict[str, str] = {}  # by schedule name: the last problem that was logged
        self._send_problems: dict[str, str] = {}
        self._last_failure = ""
        self._checked_for_changes = False
        if not lazy:
            _handle_stop_signals(lambda: None)
        try:
            super().__init__(*args, lazy=lazy, **kwargs)
        except KeyboardInterrupt:  # nothing has run yet that would have to be stored
            raise SystemExit(0) from None

    def setup_schedule(self) -> None:
        """Read the schedules. Without the database, `tick` retries later."""
        try:
            super().setup_schedule()
        except Error as error:
            self._log_failure("The schedules cannot be read yet", error)
            self._initial_read = True
        else:
            logger.info("Beat runs by the schedules in the database.")

    def all_as_schedule(self) -> dict[str, Entry]:
        """The enabled rows that can run, by name."""
        Entry.clock = Clock(now())
        entries = {}
        for task in _enabled_rows(self._log_invalid_row):
            if problem := problem_of(task):
                self._log_invalid_row(task.name, problem)
                continue
            try:
                entries[task.name] = self.Entry(task, app=self.app)
                self._row_problems.pop(task.name, None)
            except Exception as error:
                self._log_invalid_row(task.name, f"{type(error).__name__}: {error}")
        return entries

    def _log_invalid_row(self, name: str, problem: str) -> None:
        """Log why a row does not run, unless this was logged before."""
        if self._row_problems.get(name) != problem:
            self._row_problems[name] = problem
            logger.error("The schedule %r is not run: %s", name, problem)

    def _is_due_failed(self, entry: Entry) -> tuple[bool, float]:
        self._log_invalid_row(entry.name, "its next run cannot be computed; the admin shows why.")
        return False, self.max_interval

    def apply_entry(self, entry: Entry, producer: Any = None) -> None:
        """Send the task. A failure is logged once; the next attempt is made when the schedule is due again."""
        try:
            self.apply_async(entry, producer=producer, advance=False)
            self._send_problems.pop(entry.name, None)
        except Exception as error:
            problem = f"{type(error).__name__}: {error}"
            if self._send_problems.get(entry.name) != problem:
                self._send_problems[entry.name] = problem
                logger.error("The task of the schedule %r could not be sent: %s", entry.name, problem)

    def schedule_changed(self) -> bool:
        """Whether the time of the last change differs from that of the previous call, even if it is earlier."""
        close_old_connections()
        try:
            changed_at = self.Changes.last_change()
        except Error as error:
            self._log_failure("Whether schedules have changed cannot be read", error)
            return False
        is_first_check, self._checked_for_changes = not self._checked_for_changes, True
        previous, self._last_timestamp = self._last_timestamp, changed_at
        return not is_first_check and changed_at != previous

    def sync(self) -> None:
        """Store the runs, and read the database's clock anew."""
        super().sync()
        with suppress(Error):  # without the database the clock continues by this machine's
            Entry.clock = Clock(now())

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Send what is due; return the seconds until the next call. After an error the schedules are read again."""
        try:
            return super().tick(*args, **kwargs)
        except Exception as error:
            self._log_failure("Beat could not go through the schedules", error)
            self._initial_read = self._schedule is None
            self._heap = None
            return self.max_interval

    def _log_failure(self, what: str, error: Exception) -> None:
        """Log a failure, unless it is the same as the last one."""
        failure = f"{what}: {type(error).__name__}: {error}"
        if self._last_failure != failure:
            self._last_failure = failure
            logger.error(failure)


def _enabled_rows(log_invalid_row: Callable[[str, str], None]) -> Iterator[PeriodicTask]:
    """The enabled rows. When reading all at once fails, they are read one by one, without those that cannot be read."""
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
            log_invalid_row(name, f"{type(error).__name__}: {error}")
