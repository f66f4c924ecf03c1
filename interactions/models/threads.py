"""The thread, which is what needs an answer: a conversation of direct messages, or a comment with everything below it.

`interactions.threads` writes the rows, under the profile's lock. Status, unread, snooze and labels belong to a thread;
hiding belongs to a single comment. As with interactions, a row's `is_demo` always equals its profile's (migration 0007).
"""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q

from accounts.models import Profile
from interactions.events import ID_LENGTH, NAME_LENGTH
from interactions.models.choices import InteractionType, Sentiment, ThreadStatus
from interactions.models.rows import Content
from interactions.models.thread_lists import ThreadQuerySet

NOTE_LENGTH = 10_000  # characters


class Thread(models.Model):
    """One thread. `root_ref` is the platform id of its first comment, or the conversation's id.

    `status`, `snoozed_until`, `unread` and `active_at` are computed from the other columns by `threads/state.py`.
    `active_at` is null while no row of the thread is visible; such a thread is shown and counted nowhere.
    """

    Status, Kind = ThreadStatus, InteractionType
    TIME_COLUMN = "active_at"  # orders its lists

    profile = models.ForeignKey(
        Profile, on_delete=models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    is_demo = models.BooleanField(editable=False)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    root_ref = models.CharField(max_length=ID_LENGTH)
    content = models.ForeignKey(
        Content,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="threads",
        db_constraint=False,
        db_index=False,
    )
    content_ref = models.CharField(max_length=ID_LENGTH, blank=True, editable=False)

    status = models.CharField(max_length=8, choices=Status.choices, default=Status.OPEN)
    snoozed_until = models.DateTimeField(null=True, blank=True)
    unread = models.BooleanField(default=True)
    active_at = models.DateTimeField(null=True)

    # The newest visible row; the newest visible, unhidden received row; and the newest visible sent row.
    last_at = models.DateTimeField(null=True)
    last_ref = models.CharField(max_length=ID_LENGTH, blank=True, editable=False)
    last_in_at = models.DateTimeField(null=True)
    last_in_ref = models.CharField(max_length=ID_LENGTH, blank=True, editable=False)
    last_in_received_at = models.DateTimeField(null=True, editable=False)
    last_out_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(
        null=True, editable=False
    )  # the newest sent row that closes the thread
    sentiment = models.CharField(max_length=8, choices=Sentiment.choices, null=True, blank=True)  # noqa: DJ001 (null: not classified yet)

    # The latest decision of a person, and the position of the newest received row that it covers.
    decided_at = models.DateTimeField(null=True, editable=False)
    decision = models.CharField(max_length=8, choices=Status.choices, blank=True, editable=False)
    decided_until = models.DateTimeField(null=True, editable=False)
    covers_at = models.DateTimeField(null=True, editable=False)
    covers_ref = models.CharField(max_length=ID_LENGTH, blank=True, editable=False)
    read_at = models.DateTimeField(null=True, editable=False)
    # The platform has deleted the first comment, and with it all below.
    is_deleted = models.BooleanField(default=False, db_default=False, editable=False)
    label_ids = ArrayField(models.BigIntegerField(), default=list, blank=True)

    objects = ThreadQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["profile", "kind", "root_ref"], name="thread_is_stored_once"),
            models.CheckConstraint(
                condition=Q(status__in=ThreadStatus.values), name="thread_status_is_known"
            ),
            models.CheckConstraint(
                condition=Q(status="snoozed", snoozed_until__isnull=False)
                | (~Q(status="snoozed") & Q(snoozed_until=None)),
                name="only_a_snoozed_thread_has_an_end_of_it",
            ),
        ]
        indexes = [
            models.Index(
                *(F("profile"), F("kind"), F("status"), F("unread"), F("active_at").desc(), F("id").desc()),
                condition=~Q(active_at=None),
                name="threads_newest_first",
            ),
            models.Index(
                *(F("content"), F("status"), F("unread"), F("active_at").desc(), F("id").desc()),
                condition=~Q(content=None) & ~Q(active_at=None),
                name="threads_of_a_post_by_status",
            ),
            models.Index(
                *(F("profile"), F("content_ref")),
                condition=Q(content=None) & ~Q(content_ref=""),
                name="thread_awaits_its_content",
            ),
            models.Index(F("snoozed_until"), condition=Q(status="snoozed"), name="snoozed_threads"),
            # New threads have neither sentiment nor labels, so these cost the ingest nothing.
            models.Index(
                *(F("profile"), F("sentiment"), F("kind"), F("status"), F("unread")),
                *(F("active_at").desc(), F("id").desc()),
                condition=~Q(sentiment=None) & ~Q(active_at=None),
                include=["content"],
                name="threads_of_a_sentiment",
            ),
            models.Index(
                *(F("profile"), F("kind"), F("status"), F("unread"), F("active_at").desc(), F("id").desc()),
                condition=~Q(label_ids=[]) & ~Q(active_at=None),
                include=["label_ids", "content", "sentiment"],
                name="labelled_threads_newest_first",
            ),
            GinIndex(fields=["label_ids"], condition=~Q(label_ids=[]), name="threads_by_label"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.root_ref}"

    @property
    def visible_content(self) -> Content | None:
        """The post, or None when it is deleted."""
        return self.content if self.content and not self.content.deleted_at else None


class ThreadRow(models.Model):
    """A row that people add to a thread. Its `is_demo` is its profile's."""

    profile = models.ForeignKey(
        Profile, on_delete=models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    is_demo = models.BooleanField(editable=False)
    thread = models.ForeignKey(
        Thread, on_delete=models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    author_name = models.CharField(max_length=NAME_LENGTH, blank=True)  # empty: the user who owns the profile

    class Meta:
        abstract = True


class Decision(ThreadRow):
    """A person's decision on a thread, as its history shows it; Thread stores what follows from the latest one."""

    at = models.DateTimeField()
    status = models.CharField(max_length=8, choices=ThreadStatus.choices)
    until = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["thread", "at"], name="decisions_of_a_thread"),
            models.Index(fields=["profile"], name="decisions_of_a_profile"),
        ]

    def __str__(self) -> str:
        return f"{self.status} at {self.at}"


class Note(ThreadRow):
    """A note of the team on a thread; the network never sees it."""

    text = models.TextField(max_length=NOTE_LENGTH)
    created_at = models.DateTimeField()
    # Names the form that was sent. `add_note` stores it once, under the profile's lock.
    idempotency_key = models.CharField(max_length=64, default="", db_default="", editable=False)

    class Meta:
        indexes = [
            models.Index(fields=["thread", "created_at"], name="notes_of_a_thread"),
            models.Index(fields=["profile"], name="notes_of_a_profile"),
        ]

    def __str__(self) -> str:
        return self.text[:60]
