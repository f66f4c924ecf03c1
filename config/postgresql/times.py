"""Times that PostgreSQL has and Python has not, read as the first or the last one that it has.

`infinity` and years after 9999, which SQL can put into any row, would keep every query that finds the row from being read.
"""

from datetime import UTC, datetime
from typing import Any

from django.db.backends.postgresql.psycopg_any import BaseTzLoader
from psycopg import DataError
from psycopg.abc import AdaptContext
from psycopg.types.datetime import TimestampLoader

FIRST = datetime(1, 1, 1, microsecond=1, tzinfo=UTC)  # which nobody types, as the last
LAST = datetime.max.replace(tzinfo=UTC)


def _nearest(data: Any) -> datetime:
    text = bytes(data)
    return FIRST if text.startswith(b"-") or text.endswith(b"BC") else LAST


class AnyTimestamptz(BaseTzLoader):
    timezone = UTC

    def load(self, data: Any) -> datetime:
        try:
            return super().load(data)
        except DataError:
            return _nearest(data)


class AnyTimestamp(TimestampLoader):
    def load(self, data: Any) -> datetime:
        try:
            return super().load(data)
        except DataError:
            return _nearest(data).replace(tzinfo=None)


def read_any_time(context: AdaptContext) -> None:
    """Have a connection read every time."""
    context.adapters.register_loader("timestamptz", AnyTimestamptz)
    context.adapters.register_loader("timestamp", AnyTimestamp)
