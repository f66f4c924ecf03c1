"""Lists of rows do not read a subquery again for each row, even where PostgreSQL takes their tables for empty.

It does so when a table was vacuumed while nearly empty, kept its pages, and has been filled within the last minute.
"""

import pytest
from django.db import connection

from interactions.models import Content, Interaction, Thread
from tests.world import HOUR, NOW, at, event, send

ROWS = 60
TABLES = [model._meta.db_table for model in (Content, Interaction, Thread)]


@pytest.fixture
def seen_as_empty(profile):
    """ROWS posts, comments and messages, in tables that PostgreSQL takes for empty."""
    for type in ("content.published", "comment.created", "message.created"):
        send(profile, *(event(type, f"{type}-{n}", at(NOW - n * HOUR)) for n in range(ROWS)))
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE pg_class SET reltuples = 0, relpages = greatest(relpages, pg_relation_size(oid) / 8192)"
            " WHERE relname = ANY(%s)",
            [TABLES],
        )


def rows_read() -> int:
    """How many rows this transaction has read in TABLES."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) FROM pg_stat_xact_user_tables WHERE relname = ANY(%s)",
            [TABLES],
        )
        return int(cursor.fetchone()[0])


# With that many rows in each table, joins to other tables read the square of it; a subquery for each row read 500,000.
@pytest.mark.parametrize(("path", "limit"), [("content/", 12 * ROWS), ("interactions/", 6 * ROWS**2)])
def test_a_list_reads_its_subqueries_once(page, seen_as_empty, path, limit):
    before = rows_read()
    assert len(page.get(f"/api/v1/{path}").json()["results"]) == 50
    assert rows_read() - before < limit
