"""The database as something that may go away, or may stop a statement that takes too long."""

from django.db import InterfaceError, OperationalError

LOST_CONNECTION = (OperationalError, InterfaceError)  # what Django raises then; trying again later may help
CANCELLED = "57014"  # by the statement's time limit, or by an operator
REFUSED = {"40001", "40P01", "55P03", CANCELLED}  # not serializable, deadlock, lock not available


def is_connection_lost(error: BaseException) -> bool:
    """Whether nothing more can be asked of the connection; after a deadlock, for one, the next statement may go well."""
    return isinstance(error, LOST_CONNECTION) and _sqlstate(error) not in REFUSED


def is_cancelled(error: BaseException | None) -> bool:
    """Whether PostgreSQL stopped the statement because it took too long; the connection goes on."""
    return isinstance(error, OperationalError) and _sqlstate(error) == CANCELLED


def _sqlstate(error: BaseException) -> str | None:
    return getattr(error.__cause__, "sqlstate", None)
