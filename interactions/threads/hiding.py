"""Hides and unhides comments, as an event of the network does (`comment.hidden`). Called by the API and the pages."""

from collections.abc import Iterable
from datetime import datetime

from django.db import connection

from interactions.threads.recomputing import recompute


def set_hidden(ids: Iterable[int], hidden: bool, now: datetime) -> int:
    """Hide or unhide the comments; return how many were not so before. The caller holds the profiles' locks.

    The change is newer than every stored one, also than one that is dated ahead; and than events until `now`.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE interactions_interaction SET hidden_at = CASE WHEN %s THEN %s::timestamptz END,"
            " visibility_at = greatest(visibility_at + interval '1 microsecond', %s) WHERE id = ANY(%s) AND type = 'comment'"
            " AND (hidden_at IS NOT NULL) <> %s RETURNING thread_id",
            [hidden, now, now, list(ids), hidden],
        )
        threads = [thread for (thread,) in cursor]
    recompute((thread for thread in threads if thread is not None), now)
    return len(threads)
