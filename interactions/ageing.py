"""Deletes what of live profiles waits in vain: dead letters and changes without a target, after LETTER_DAYS.

Those of a demo age with the demo (demo/retention.py). Content and interactions are never looked at.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection

from interactions.models import DeadLetter, PendingChange

logger = logging.getLogger(__name__)

BATCH = 250  # rows in one statement, which is a transaction


@dataclass(frozen=True)
class Aged:
    dead_letters: int
    pending_changes: int


def delete_old(now: datetime) -> Aged:
    """Delete the live dead letters and waiting changes that were received more than LETTER_DAYS before `now`.

    A letter that waits for its time stays until that is as long ago. What somebody holds is left to the next run, so that this waits for nobody.
    """
    cutoff = now - timedelta(days=settings.LETTER_DAYS)
    letters = _delete(
        DeadLetter._meta.db_table, cutoff, "AND (replay_at IS NULL OR replay_at < received_before)"
    )
    aged = Aged(letters, _delete(PendingChange._meta.db_table, cutoff))
    if aged != Aged(0, 0):
        logger.info("Deleted for their age: %d dead letters, %d waiting changes", *vars(aged).values())
    return aged


def _delete(table: str, cutoff: datetime, further: str = "") -> int:
    deleted, batch = 0, BATCH
    while batch == BATCH:
        with connection.cursor() as cursor:
            cursor.execute(
                f"DELETE FROM {table} WHERE id = ANY(ARRAY(SELECT id FROM {table}, (VALUES (%s)) AS age (received_before)"
                f" WHERE NOT is_demo AND received_at < received_before {further}"
                f" ORDER BY received_at LIMIT %s FOR UPDATE OF {table} SKIP LOCKED))",
                [cutoff, BATCH],
            )
            batch = cursor.rowcount
        deleted += batch
    return deleted
