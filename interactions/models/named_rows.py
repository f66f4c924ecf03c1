"""Stores rows that a user names, such as saved replies and saved views. Called by their QuerySets."""

from django.db import IntegrityError, models, transaction

from accounts.models import User
from accounts.names import name_key


def store_named(
    row: models.Model, limit: int, *, too_many: type[Exception], name_taken: type[Exception]
) -> None:
    """Store the new row under its `name`, unique among those of its `owner` in any case, at most `limit` of them.

    Raises User.DoesNotExist, `too_many` or `name_taken`. The lock on the owner lets simultaneous calls count one after the
    other.
    """
    row.name_key = name_key(row.name)
    with transaction.atomic():
        User.objects.lock(row.owner_id)
        if type(row).objects.owned_by(row.owner).count() >= limit:
            raise too_many
        try:
            row.save(force_insert=True)
        except IntegrityError as error:
            raise name_taken from error
