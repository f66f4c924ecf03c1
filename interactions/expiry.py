"""Deletes what of live profiles waits in vain: dead letters and changes without a target, after LETTER_DAYS.

Those of a demo age with the demo (demo/engine/retention.py). Content and interactions are never looked at.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet

from interactions.models import DeadLetter, PendingChange

logger = logging.getLogger(__name__)

ROWS_PER_TRANSACTION = 250  # rows in one transaction


@dataclass(frozen=True)
class ExpiryResult:
    dead_letters: int
    pending_changes: int


def delete_old(now: datetime) -> ExpiryResult:
    """Delete the live dead letters and waiting changes that were received more than LETTER_DAYS before `now`.

    What somebody holds is left to the next run, so that this waits for nobody.
    """
    cutoff = now - timedelta(days=settings.LETTER_DAYS)
    old = {"is_demo": False, "received_at__lt": cutoff}
    aged = ExpiryResult(
        _delete(DeadLetter.objects.filter(not_to_be_replayed(cutoff), **old)),
        _delete(PendingChange.objects.filter(**old)),
    )
    if aged != ExpiryResult(0, 0):
        logger.info("Deleted for their age: %d dead letters, %d waiting changes", *vars(aged).values())
    return aged


def not_to_be_replayed(cutoff: datetime) -> Q:
    """Dead letters that have no time of replay, or one before `cutoff`, or later than LETTER_DAYS after their receipt.

    The last are those that fail whenever they are replayed, and those of an event that lies too far ahead.
    """
    longest = F("received_at") + timedelta(days=settings.LETTER_DAYS)
    return Q(replay_at=None) | Q(replay_at__lt=cutoff) | Q(replay_at__gt=longest)


def _delete(old: QuerySet) -> int:
    deleted, batch = 0, ROWS_PER_TRANSACTION
    while batch == ROWS_PER_TRANSACTION:
        with transaction.atomic():
            chosen = old.order_by("received_at").select_for_update(skip_locked=True)
            ids = list(chosen.values_list("pk", flat=True)[:ROWS_PER_TRANSACTION])
            batch, _ = old.model.objects.filter(pk__in=ids).delete()
        deleted += batch
    return deleted
