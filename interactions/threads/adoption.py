"""Places rows that have no thread. Called by `rebuilding`, and by the migration that ends the release without threads."""

from datetime import datetime

from django.db import connection, transaction

from interactions.locks import lock_profiles
from interactions.models import Interaction
from interactions.threads.moving import move_rows

ROWS_PER_TRANSACTION = 1_000


def adopt_rows(at: datetime) -> int:
    """Place all rows that have no thread, in small transactions; return how many. May be interrupted and run in parallel."""
    adopted, last = 0, (0, 0)
    while rows := _rows_without_thread(last):
        _adopt_batch([id for _, id in rows], {profile for profile, _ in rows}, at)
        adopted, last = adopted + len(rows), rows[-1]
    return adopted


def _rows_without_thread(last: tuple[int, int]) -> list[tuple[int, int]]:
    """Profile and id of the next rows after `last`. From there, as the index keeps the entries of placed rows for a while."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT profile_id, id FROM interactions_interaction WHERE thread_id IS NULL"
            " AND (profile_id, id) > (%s, %s) ORDER BY profile_id, id LIMIT %s",
            [*last, ROWS_PER_TRANSACTION],
        )
        return cursor.fetchall()


def _adopt_batch(ids: list[int], profiles: set[int], at: datetime) -> None:
    with transaction.atomic():
        lock_profiles(profiles)
        chosen = list(Interaction.objects.filter(pk__in=ids, thread=None).values_list("pk", flat=True))
        _link_to_parents(chosen)
        move_rows(chosen, at)


def _link_to_parents(rows: list[int]) -> None:
    """Link the rows to parents that arrived after them: the ingest looks for replies by their threads, which these lack."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE interactions_interaction row SET parent_id = parent.id FROM interactions_interaction parent"
            " WHERE row.id = ANY(%s) AND row.parent_id IS NULL AND row.parent_ref <> ''"
            " AND parent.profile_id = row.profile_id AND parent.platform_id = row.parent_ref",
            [rows],
        )
