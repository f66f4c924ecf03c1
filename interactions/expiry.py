"""Deletes old dead letters and pending changes of live profiles, LETTER_DAYS after receipt; called by the weekly cleanup.

Those of a demo are deleted with its other rows (demo/engine/retention.py). Live content and interactions never expire.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet

from interactions.models import DeadLetter, PendingChange

logger = logging.getLogger(__name__)

ROWS_PER_TRANSACTION = 250


@dataclass(frozen=True)
class ExpiryResult:
    """The numbers of deleted rows."""

    dead_letters: int
    pending_changes: int


def delete_expired(now: datetime) -> ExpiryResult:
    """Delete the live dead letters and pending changes received more than LETTER_DAYS before `now`.

    Locked rows are left to the next run, so this waits for nobody.
    """
    cutoff = now - timedelta(days=settings.LETTER_DAYS)
    expired = {"is_demo": False, "received_at__lt": cutoff}
    deleted = ExpiryResult(
        _delete(DeadLetter.objects.filter(without_pending_replay(cutoff), **expired)),
        _delete(PendingChange.objects.filter(**expired)),
    )
    if deleted != ExpiryResult(0, 0):
        logger.info("Expired and deleted: %d dead letters, %d pending changes", *vars(deleted).values())
    return deleted


def without_pending_replay(cutoff: datetime) -> Q:
    """Return the filter for dead letters whose `replay_at` is null, past or too late.

    Past means before `cutoff`, too late more than LETTER_DAYS after receipt.
    Letters of the last kind fail at every replay, or their event is too far in the future.
    """
    max_replay_at = F("received_at") + timedelta(days=settings.LETTER_DAYS)
    return Q(replay_at=None) | Q(replay_at__lt=cutoff) | Q(replay_at__gt=max_replay_at)


def _delete(expired: QuerySet) -> int:
    deleted, batch_size = 0, ROWS_PER_TRANSACTION
    while batch_size == ROWS_PER_TRANSACTION:
        with transaction.atomic():
            rows = expired.order_by("received_at").select_for_update(skip_locked=True)
            ids = list(rows.values_list("pk", flat=True)[:ROWS_PER_TRANSACTION])
            batch_size, _ = expired.model.objects.filter(pk__in=ids).delete()
        deleted += batch_size
    return deleted
