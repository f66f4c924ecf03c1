"""Locks a row while an admin form changes it; a mixin of the user and profile admins."""

from django.db import connection
from django.db.models import Model
from django.http import HttpRequest


class LockRowMixin:
    """A ModelAdmin mixin: locks the row of a submitted form from reading it until the transaction ends.

    So the row cannot be deleted meanwhile, and an older state cannot overwrite a newer one. Django answers the form of
    a deleted row with a message.
    """

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Model | None:
        row = super().get_object(request, object_id, from_field)
        if row is None or not connection.in_atomic_block:  # a page that only reads has no transaction
            return row
        locked = self.model.objects.filter(pk=row.pk).select_for_update(no_key=True)
        return super().get_object(request, object_id, from_field) if locked.values_list("pk") else None
