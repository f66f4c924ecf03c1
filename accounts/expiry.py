"""Deletes expired sessions and tokens in batches; called daily by `accounts/tasks.py`.

Django's `clearsessions` uses one DELETE, which would hold its locks for minutes when there are millions of rows.
"""

from datetime import datetime

from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import QuerySet
from knox.models import get_token_model

ROWS_PER_TRANSACTION = 1_000
MAX_ROWS = 1_000_000  # of each table in one run; the next run continues


def clear_expired(now: datetime) -> dict[str, int]:
    """Delete the sessions and tokens that expired before `now`; return the number of each."""
    return {
        "sessions": _delete(Session.objects.filter(expire_date__lt=now), "expire_date"),
        "tokens": _delete(get_token_model().objects.filter(expiry__lt=now), "pk"),
    }


def _delete(rows: QuerySet, key: str) -> int:
    """Delete `rows` in the order of the indexed `key`; each batch starts where the previous one ended."""
    deleted = 0
    remaining = rows.order_by(key)
    while deleted < MAX_ROWS:
        with transaction.atomic():  # skips locked rows: they are in use, or another run deletes them
            batch = list(
                remaining.select_for_update(skip_locked=True).values_list("pk", key)[:ROWS_PER_TRANSACTION]
            )
            rows.model.objects.filter(pk__in=[pk for pk, _ in batch]).delete()
        deleted += len(batch)
        if len(batch) < ROWS_PER_TRANSACTION:
            break
        remaining = rows.filter(**{f"{key}__gte": batch[-1][1]}).order_by(key)
    return deleted
