"""Deleting expired sessions and tokens, in batches; called daily by accounts/tasks.py.

Django's `clearsessions` is one DELETE, which would hold its locks for minutes where there are millions.
"""

from datetime import datetime

from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import QuerySet
from knox.models import get_token_model

ROWS_PER_TRANSACTION = 1_000  # rows
MAX_ROWS = 1_000_000  # rows of a table in one run; the next one goes on


def clear_expired(now: datetime) -> dict[str, int]:
    """Delete the sessions and tokens that ended before `now`; return how many of each went."""
    return {
        "sessions": _delete(Session.objects.filter(expire_date__lt=now), "expire_date"),
        "tokens": _delete(get_token_model().objects.filter(expiry__lt=now), "pk"),
    }


def _delete(rows: QuerySet, key: str) -> int:
    """Delete `rows` in order of the indexed `key`, each batch from where the one before ended."""
    gone, left = 0, rows.order_by(key)
    while gone < MAX_ROWS:
        with transaction.atomic():  # a row that is locked is in use, or being deleted by another run
            batch = list(
                left.select_for_update(skip_locked=True).values_list("pk", key)[:ROWS_PER_TRANSACTION]
            )
            rows.model.objects.filter(pk__in=[pk for pk, _ in batch]).delete()
        gone += len(batch)
        if len(batch) < ROWS_PER_TRANSACTION:
            break
        left = rows.filter(**{f"{key}__gte": batch[-1][1]}).order_by(key)
    return gone
