"""The table of running exports, one row per user at most. Written by `interactions/exports.py`."""

import uuid
from datetime import timedelta

from django.db import connection, models

from accounts.models import User

LEASE = timedelta(seconds=30)  # without a renewal the export counts as ended: its process has died
_ACQUIRE = """
INSERT INTO interactions_exportlease AS lease (owner_id, token, expires_at)
VALUES (%(owner)s, %(token)s, clock_timestamp() + %(duration)s)
ON CONFLICT (owner_id) DO UPDATE SET token = excluded.token, expires_at = excluded.expires_at
WHERE lease.expires_at < clock_timestamp()
"""
_RENEW = """
UPDATE interactions_exportlease SET expires_at = clock_timestamp() + %(duration)s
WHERE owner_id = %(owner)s AND token = %(token)s
"""


class ExportLeaseQuerySet(models.QuerySet["ExportLease"]):
    """Each method is one statement, so that a transaction pooler may run it on any connection."""

    def acquire(self, owner_id: int) -> uuid.UUID | None:
        """Return the token of a new lease of the user; None while another one has not expired."""
        token = uuid.uuid4()
        return token if _changes_a_row(_ACQUIRE, owner_id, token) else None

    def renew(self, owner_id: int, token: uuid.UUID) -> bool:
        """Extend the lease to LEASE from now; False when it was released or another export has taken it over."""
        return _changes_a_row(_RENEW, owner_id, token)

    def release(self, owner_id: int, token: uuid.UUID) -> None:
        """Delete the lease unless another export has taken it over."""
        self.filter(owner=owner_id, token=token).delete()


class ExportLease(models.Model):
    """Held by the one export of a user that may run. The foreign key has ON DELETE CASCADE, as in SavedReply."""

    owner = models.OneToOneField(User, on_delete=models.CASCADE, related_name="+", db_constraint=False)
    token = models.UUIDField()
    expires_at = models.DateTimeField()

    objects = ExportLeaseQuerySet.as_manager()

    def __str__(self) -> str:
        return f"Export of user {self.owner_id}"


def _changes_a_row(statement: str, owner_id: int, token: uuid.UUID) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(statement, {"owner": owner_id, "token": token, "duration": LEASE})
        return cursor.rowcount == 1
