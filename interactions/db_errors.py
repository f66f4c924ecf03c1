"""Classifies database errors: connection lost, statement cancelled, or only this statement failed.

Called wherever such errors are retried or answered with 503.
"""

from django.db import InterfaceError, OperationalError

DATABASE_UNAVAILABLE = (OperationalError, InterfaceError)  # a later retry may succeed
CANCELLED = "57014"  # by statement_timeout, or by an operator
# The connection stays usable after these: serialization failure, deadlock, lock not available.
STATEMENT_FAILED = {"40001", "40P01", "55P03", CANCELLED}


def is_connection_lost(error: BaseException) -> bool:
    """Whether the connection is unusable; after a deadlock, for example, the next statement may succeed."""
    return isinstance(error, DATABASE_UNAVAILABLE) and _sqlstate(error) not in STATEMENT_FAILED


def is_cancelled(error: BaseException | None) -> bool:
    """Whether PostgreSQL cancelled the statement because it took too long; the connection stays usable."""
    return isinstance(error, OperationalError) and _sqlstate(error) == CANCELLED


def _sqlstate(error: BaseException) -> str | None:
    return getattr(error.__cause__, "sqlstate", None)
