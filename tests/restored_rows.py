"""Empties the database after a test that commits, and restores the rows of a migrated database, such as the schedules.

Django deletes those rows as well and creates them one by one, which takes eight times as long.
"""

import pytest
from django.db import connection, transaction
from django.test import TransactionTestCase

COPIES = "migrated"  # the schema of the copies


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker) -> None:
    """Copy the rows of the new database, and let tests that commit end with them."""
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        tables = connection.introspection.django_table_names(only_existing=True, include_views=False)
        cursor.execute(f"CREATE SCHEMA {COPIES}")
        filled = [table for table in tables if _copy(cursor, table)]

    def restore(_: TransactionTestCase) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"TRUNCATE {', '.join(tables)}")
            for table in filled:
                cursor.execute(f"INSERT INTO {table} SELECT * FROM {COPIES}.{table}")

    TransactionTestCase._fixture_teardown = restore


def _copy(cursor, table: str) -> bool:
    """Copy the table's rows; return whether there are any."""
    cursor.execute(f"CREATE TABLE {COPIES}.{table} AS TABLE {table}")
    return cursor.rowcount > 0
