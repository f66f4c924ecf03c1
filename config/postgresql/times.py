"""Loaders for PostgreSQL timestamps outside of Python's range, such as `infinity` and years after 9999.

SQL can store them in any row. With psycopg's own loaders, every query that returns such a row would fail. Here they are
read as FIRST_TIME or LAST_TIME. Used by `config/postgresql/base.py` and `config/schedule_checks.py`.
"""

from datetime import UTC, datetime
from typing import Any

from django.db.backends.postgresql.psycopg_any import BaseTzLoader
from psycopg import DataError
from psycopg.abc import AdaptContext
from psycopg.types.datetime import TimestampLoader

# Nobody enters these by hand, so they mark a time that was out of range.
FIRST_TIME = datetime(1, 1, 1, microsecond=1, tzinfo=UTC)
LAST_TIME = datetime.max.replace(tzinfo=UTC)


def _nearest_time(data: Any) -> datetime:
    text = bytes(data)
    return FIRST_TIME if text.startswith(b"-") or text.endswith(b"BC") else LAST_TIME


class AnyTimestamptzLoader(BaseTzLoader):
    timezone = UTC

    def load(self, data: Any) -> datetime:
        try:
            return super().load(data)
        except DataError:
            return _nearest_time(data)


class AnyTimestampLoader(TimestampLoader):
    def load(self, data: Any) -> datetime:
        try:
            return super().load(data)
        except DataError:
            return _nearest_time(data).replace(tzinfo=None)


def accept_any_timestamp(context: AdaptContext) -> None:
    """Register the loaders for a connection."""
    context.adapters.register_loader("timestamptz", AnyTimestamptzLoader)
    context.adapters.register_loader("timestamp", AnyTimestampLoader)
