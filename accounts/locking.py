"""Rows that are locked while a form of the admin changes them."""

from django.db import connection
from django.db.models import Model
from django.http import HttpRequest


class LockedWhileChanged:
    """Mixed into an admin: the row of a form that is sent is locked from its reading to the end of the transaction.

    It does not go meanwhile, and no older state of it is written over a newer one. Who sends the form of a row that is
    gone is told so.
    """

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Model | None:
        row = super().get_object(request, object_id, from_field)
        if row is None or not connection.in_atomic_block:  # a page that changes nothing has no transaction
            return row
        held = self.model.objects.filter(pk=row.pk).select_for_update(no_key=True)
        return super().get_object(request, object_id, from_field) if held.values_list("pk") else None
