"""The current time by the database's clock, which all machines share; called by tasks, leases and the API."""

from datetime import datetime

from django.db import connection


def now() -> datetime:
    """Return the database's time, so that times written by one machine can be compared by another."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return cursor.fetchone()[0]
