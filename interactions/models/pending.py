"""The tables of what cannot be stored as a row: pending changes wait for their target, dead letters for a replay.

Written by `interactions.pending_changes` and `interactions.dead_letters`.
"""

from django.db import models
from django.db.models import F, Q

from accounts.declarations import check_table
from accounts.models import Profile
from interactions.event_types import CONTENT, INTERACTION
from interactions.events import ID_LENGTH, aspects_of


class PendingChange(models.Model):
    """An edit, a deletion or metrics whose target does not exist yet; applied when the target is created.

    One row per target and aspect, always the newest. Rows whose target is one of FUTURE_TARGETS are no changes: they store
    that the version came from a future event (see merging.py), and their value is null.
    """

    FUTURE_TARGETS = {CONTENT: "piece_ahead", INTERACTION: "inbox_ahead"}  # by the target of the event

    class Target(models.TextChoices):
        CONTENT = "content"
        INTERACTION = "interaction"

    class Aspect(models.TextChoices):
        TEXT = "text"
        DELETION = "deletion"
        HIDDEN = "hidden"
        VIEWS = "views"
        LIKES = "likes"
        SHARES = "shares"

    profile = models.ForeignKey(
        Profile, on_delete=models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    is_demo = models.BooleanField(editable=False)
    target = models.CharField(max_length=11, choices=Target.choices)
    platform_id = models.CharField(max_length=ID_LENGTH)
    aspect = models.CharField(max_length=8, choices=Aspect.choices)
    occurred_at = models.DateTimeField()
    rank = models.BigIntegerField()
    value = models.JSONField()
    received_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["profile", "platform_id", "target", "aspect"], name="one_pending_change_per_aspect"
            ),
        ]
        indexes = [
            models.Index(F("received_at"), condition=Q(is_demo=False), name="pending_change_live_by_age")
        ]

    def __str__(self) -> str:
        return f"{self.aspect} of {self.target_label} {self.platform_id}"

    @property
    def target_label(self) -> str:
        """The target as the admin shows it; the choices do not include FUTURE_TARGETS."""
        future = {value: f"{target}, from a future event" for target, value in self.FUTURE_TARGETS.items()}
        return future.get(self.target, self.target)


# An event before its target is a pending change, except that a creation makes the target.
check_table(
    "PendingChange.Aspect in interactions/models/pending.py",
    PendingChange.Aspect.values,
    sorted({*aspects_of(CONTENT), *aspects_of(INTERACTION)} - {"created"}),
)


class DeadLetter(models.Model):
    """An event that could not be stored, with its bytes and the reason.

    A future event (dated more than a day after its receipt) is replayed at `replay_at`.
    """

    profile = models.ForeignKey(
        Profile, on_delete=models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    is_demo = models.BooleanField(editable=False)
    raw = models.BinaryField()
    digest = models.BigIntegerField(editable=False)
    reason = models.TextField()
    received_at = models.DateTimeField()
    replay_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["profile", "digest"], name="dead_letter_is_kept_once"),
        ]
        indexes = [
            models.Index(F("received_at"), condition=Q(is_demo=True), name="dead_letter_demo_by_age"),
            models.Index(F("received_at"), condition=Q(is_demo=False), name="dead_letter_live_by_age"),
            models.Index(F("replay_at"), condition=~Q(replay_at=None), name="dead_letter_to_be_replayed"),
        ]

    def __str__(self) -> str:
        return self.reason
