"""What is asked of the network: to hide, unhide or delete a row; and the authors whose comments are hidden.

`interactions.moderation` writes both, under the profile's lock. Their `is_demo` always equals their profile's. The
foreign keys delete rows in the database (migration 0011): processes of the release before do not know these tables.
"""

from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q

from accounts.models import Profile, User
from interactions.display import Author, display_author
from interactions.events import ID_LENGTH, NAME_LENGTH
from interactions.models.rows import Interaction

WITHDRAWAL = timedelta(seconds=10)  # in which a request can be withdrawn
MAX_BLOCKED = 1_000  # authors of one profile
MODERATION_IS_KNOWN = "moderation_asks_for_something_known"
BLOCKED_ONCE = "an_author_is_blocked_once"


class ModerationAction(models.TextChoices):
    HIDE = "hide", "Hide"
    UNHIDE = "unhide", "Unhide"
    DELETE = "delete", "Delete"


class ModerationStatus(models.TextChoices):
    WAITING = "waiting", "Can be withdrawn"
    QUEUED = "queued", "Waiting to be sent"


class Moderation(models.Model):
    """The latest request about a live row. `replaced_*` is the one before it, which holds again if this is withdrawn.

    A withdrawn request leaves no row. Only one earlier request is kept: the network needs the latest one that holds.
    """

    Action, Status = ModerationAction, ModerationStatus

    profile = models.ForeignKey(
        Profile, on_delete=models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    is_demo = models.BooleanField(editable=False)
    interaction = models.OneToOneField(
        Interaction, on_delete=models.CASCADE, related_name="moderation", db_constraint=False
    )
    action = models.CharField(max_length=6, choices=Action.choices)
    requested_at = models.DateTimeField()
    replaced_action = models.CharField(max_length=6, choices=Action.choices, blank=True)
    replaced_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(action__in=ModerationAction.values)
                & Q(replaced_action__in=["", *ModerationAction.values]),
                name=MODERATION_IS_KNOWN,
            )
        ]
        indexes = [models.Index(fields=["profile"], name="moderations_of_a_profile")]

    def __str__(self) -> str:
        return f"{self.action} interaction {self.interaction_id}"

    @property
    def until(self) -> datetime:
        """The end of the time in which it can be withdrawn."""
        return self.requested_at + WITHDRAWAL

    def status(self, now: datetime) -> str:
        """A value of ModerationStatus."""
        return ModerationStatus.WAITING if now < self.until else ModerationStatus.QUEUED


class BlockedAuthorQuerySet(models.QuerySet["BlockedAuthor"]):
    def visible_to(self, user: User) -> "BlockedAuthorQuerySet":
        return self.filter(profile__owner=user)

    def page_for(self, user: User, limit: int, *, oldest_first: bool = False) -> "BlockedAuthorQuerySet":
        """Return the first `limit` of the user's blocked authors, newest or oldest first; called by `read_page`."""
        return self.visible_to(user).order_by("id" if oldest_first else "-id")[:limit]


class BlockedAuthor(models.Model):
    """A person whose comments on the profile are hidden when they arrive, and whose messages are archived.

    The comments that were stored before are hidden from the newest to the oldest; `hidden_to_at` and `hidden_to_id` name
    the last one that was looked at, and `is_hiding` says whether older ones are left.
    """

    profile = models.ForeignKey(
        Profile, on_delete=models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    is_demo = models.BooleanField(editable=False)
    author_id = models.CharField(max_length=ID_LENGTH)
    name = models.CharField(max_length=NAME_LENGTH, blank=True)
    created_at = models.DateTimeField()
    is_hiding = models.BooleanField(default=True, editable=False)
    hidden_to_at = models.DateTimeField(null=True, editable=False)
    hidden_to_id = models.BigIntegerField(null=True, editable=False)

    objects = BlockedAuthorQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["profile", "author_id"], name=BLOCKED_ONCE)]
        indexes = [
            models.Index(fields=["id"], condition=Q(is_hiding=True), name="blocked_authors_being_hidden")
        ]

    def __str__(self) -> str:
        return self.name or self.author_id

    @property
    def display_author(self) -> Author:
        """The author as pages show them; the handle is not stored."""
        return display_author(self.author_id, "", self.name)
