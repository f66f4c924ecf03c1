"""Beat with its schedules in PostgreSQL, and with a clock that may be set back."""

import logging

from celery.utils.time import maybe_make_aware
from django_celery_beat.schedulers import DatabaseScheduler, ModelEntry

logger = logging.getLogger(__name__)


class Entry(ModelEntry):
    """A run that lies in the future was noted by a clock that has been set back since: it counts as run just now.

    Otherwise beat would keep silent until the clock has caught up.
    """

    def is_due(self):
        now = maybe_make_aware(self._default_now())
        if self.last_run_at and maybe_make_aware(self.last_run_at) > now:
            self.last_run_at = now
        return super().is_due()


class Scheduler(DatabaseScheduler):
    Entry = Entry

    def setup_schedule(self) -> None:
        super().setup_schedule()
        logger.info("Beat runs by the schedules in the database.")
