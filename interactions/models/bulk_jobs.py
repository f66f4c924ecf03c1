"""The table of bulk changes that a worker makes, as they are too many for a request. Written by `interactions.threads.bulk_jobs`."""

from datetime import datetime

from django.db import IntegrityError, models, transaction
from django.db.models import Q

from accounts.models import User
from interactions.cursors import Cursor

ONE_RUNNING = "a_user_has_one_running_bulk_job"


class BulkJobState(models.TextChoices):
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    CANCELLED = "cancelled", "Cancelled"
    FAILED = "failed", "Failed"


class BulkJobRunning(Exception):
    """Another bulk job of the user is running."""


class BulkJobQuerySet(models.QuerySet["BulkJob"]):
    def owned_by(self, user: User) -> "BulkJobQuerySet":
        return self.filter(owner=user)

    def running(self) -> "BulkJobQuerySet":
        return self.filter(state=BulkJobState.RUNNING)

    def page_for(self, user: User, limit: int, *, oldest_first: bool = False) -> "BulkJobQuerySet":
        """Return the first `limit` of the user's jobs, newest or oldest first; called by `cursors.read_page`."""
        return self.owned_by(user).order_by("id" if oldest_first else "-id")[:limit]

    def start(self, owner: User, now: datetime, **columns: object) -> "BulkJob":
        """Store a new running job; raises BulkJobRunning, or User.DoesNotExist when the user was deleted."""
        try:
            with transaction.atomic():
                User.objects.lock(owner.pk)
                return self.create(owner=owner, created_at=now, updated_at=now, **columns)
        except IntegrityError as error:
            raise BulkJobRunning from error

    def end(self, state: BulkJobState, now: datetime, **columns: object) -> int:
        """Give the running ones of these jobs their last state; return how many."""
        return self.running().update(state=state, updated_at=now, **columns)


class BulkJob(models.Model):
    """A change of the threads that match `filters`, active until `until`; one is running per user at most.

    The threads are changed from the newest activity on; `cursor_at` and `cursor_id` name the last one that was looked at.
    `updated_at` is the time of the last batch, then of the end. `left` is how many threads match and are not changed.
    The foreign key has ON DELETE CASCADE in the database (migration 0014), as in SavedReply.
    """

    State = BulkJobState

    owner = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    state = models.CharField(max_length=9, choices=BulkJobState.choices, default=BulkJobState.RUNNING)
    filters = models.JSONField()
    change = models.JSONField()
    until = models.DateTimeField()
    changed = models.PositiveIntegerField(default=0)
    left = models.PositiveIntegerField()
    error = models.CharField(max_length=200, blank=True)  # a sentence for the user, when it has failed
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    cursor_at = models.DateTimeField(null=True, editable=False)
    cursor_id = models.BigIntegerField(null=True, editable=False)

    objects = BulkJobQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["owner"], condition=Q(state="running"), name=ONE_RUNNING),
            models.CheckConstraint(
                condition=Q(state__in=BulkJobState.values), name="bulk_job_state_is_known"
            ),
        ]
        indexes = [
            models.Index(fields=["owner", "-id"], name="bulk_jobs_of_a_user"),
            models.Index(fields=["state", "updated_at"], name="bulk_jobs_by_state"),
        ]

    def __str__(self) -> str:
        return f"Bulk job {self.pk}"

    @property
    def cursor(self) -> Cursor | None:
        """The position after the last thread that was looked at; None at the beginning."""
        return None if self.cursor_id is None else Cursor(self.cursor_id, self.cursor_at)
