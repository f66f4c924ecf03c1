"""The table of saved views: filters of the inbox under a name, as they stand in its address. Written by the pages."""

from django.db import models

from accounts.models import User
from interactions.models.named_rows import store_named

MAX_VIEWS = 50  # of one user
MAX_VIEW_NAME = 60  # characters
MAX_QUERY = 2_000  # characters


class TooManySavedViews(Exception):
    """The user has MAX_VIEWS."""


class SavedViewNameTaken(Exception):
    """Another saved view of the user has that name."""


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    def owned_by(self, user: User) -> "SavedViewQuerySet":
        return self.filter(owner=user)

    def store(self, owner: User, name: str, page: str, query: str) -> "SavedView":
        """Store a view; raises User.DoesNotExist, TooManySavedViews or SavedViewNameTaken."""
        row = SavedView(owner=owner, name=name, page=page, query=query)
        store_named(row, MAX_VIEWS, too_many=TooManySavedViews, name_taken=SavedViewNameTaken)
        return row


class SavedView(models.Model):
    """A page of the inbox (its URL name) with the parameters of its address.

    The foreign key has ON DELETE CASCADE in the database: processes of the release before delete users and do not know
    this table.
    """

    owner = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    name = models.CharField(max_length=MAX_VIEW_NAME)
    name_key = models.CharField(max_length=3 * MAX_VIEW_NAME, editable=False)  # casefold() may triple a text
    page = models.CharField(max_length=16)
    query = models.CharField(max_length=MAX_QUERY, blank=True)

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["owner", "name_key"], name="a_name_is_of_one_saved_view")
        ]

    def __str__(self) -> str:
        return self.name
