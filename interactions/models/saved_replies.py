"""The table of saved replies: texts that a user writes once and sends often. Written by the API."""

from datetime import datetime

from django.db import IntegrityError, models, transaction

from accounts.models import User
from accounts.names import name_key
from interactions.models.named_rows import store_named

MAX_REPLIES = 100  # of one user
MAX_REPLY_NAME = 80  # characters
MAX_REPLY_TEXT = 10_000  # characters: the longest text that a platform accepts, a comment on YouTube
NAME_CONSTRAINT = "a_name_is_of_one_saved_reply"


class TooManySavedReplies(Exception):
    """The user has MAX_REPLIES."""


class SavedReplyNameTaken(Exception):
    """Another saved reply of the user has that name."""


class SavedReplyChanged(Exception):
    """Another request has changed the saved reply since it was read."""


class SavedReplyQuerySet(models.QuerySet["SavedReply"]):
    def owned_by(self, user: User) -> "SavedReplyQuerySet":
        return self.filter(owner=user)

    def page_for(self, user: User, limit: int, *, oldest_first: bool = False) -> "SavedReplyQuerySet":
        """Return the first `limit` of the user's saved replies, newest or oldest first; called by `cursors.read_page`."""
        return self.owned_by(user).order_by("id" if oldest_first else "-id")[:limit]

    def store(self, owner: User, name: str, text: str, now: datetime) -> "SavedReply":
        """Store a new saved reply; raises User.DoesNotExist, TooManySavedReplies or SavedReplyNameTaken."""
        row = SavedReply(owner=owner, name=name, text=text, created_at=now, updated_at=now)
        store_named(row, MAX_REPLIES, too_many=TooManySavedReplies, name_taken=SavedReplyNameTaken)
        return row


class SavedReply(models.Model):
    """A text with variables (`interactions/saved_replies.py`). `name_key` makes names unique in any case.

    The foreign key has ON DELETE CASCADE in the database (migration 0009): processes of the release before delete users
    and do not know this table.
    """

    owner = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    name = models.CharField(max_length=MAX_REPLY_NAME)
    name_key = models.CharField(max_length=3 * MAX_REPLY_NAME, editable=False)  # casefold() may triple a text
    text = models.CharField(max_length=MAX_REPLY_TEXT)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    objects = SavedReplyQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "saved replies"
        constraints = [models.UniqueConstraint(fields=["owner", "name_key"], name=NAME_CONSTRAINT)]

    def __str__(self) -> str:
        return self.name

    def change(self, now: datetime, *, only_unchanged: bool = False, **values: str) -> None:
        """Change only `name` or `text`, or both; raises SavedReply.DoesNotExist or SavedReplyNameTaken.

        With `only_unchanged` raises SavedReplyChanged if the row is no longer as it was read: the statement that changes
        the row locks it and compares it.
        """
        row = SavedReply.objects.filter(pk=self.pk)
        wanted = row.filter(updated_at=self.updated_at) if only_unchanged else row
        if "name" in values:
            values["name_key"] = name_key(values["name"])
        try:
            with transaction.atomic():
                changed = wanted.update(updated_at=now, **values)
        except IntegrityError as error:
            raise SavedReplyNameTaken from error
        if not changed:
            raise SavedReplyChanged if only_unchanged and row.exists() else SavedReply.DoesNotExist
