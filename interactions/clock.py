"""The time by the clock of the database, which all machines share."""

from datetime import datetime

from django.db import connection


def now() -> datetime:
    """The database's time. Machines whose own clocks differ agree on it, so what one of them notes another may compare."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return cursor.fetchone()[0]
