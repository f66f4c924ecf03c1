"""The database as something that may go away."""

from django.db import InterfaceError, OperationalError

LOST_CONNECTION = (OperationalError, InterfaceError)  # what Django raises then; trying again later may help
REFUSED = {"40001", "40P01", "55P03", "57014"}  # not serializable, deadlock, lock not available, cancelled


def is_lost(error: BaseException) -> bool:
    """Whether nothing more can be asked of the connection; after a deadlock, for one, the next statement may go well."""
    return isinstance(error, LOST_CONNECTION) and getattr(error.__cause__, "sqlstate", None) not in REFUSED
