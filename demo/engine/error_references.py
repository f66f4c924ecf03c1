"""What a user is told of an error that is ours: a sentence and a reference; what it was stands in the log beside that."""

import logging
from uuid import uuid4


def log_failure(logger: logging.Logger, line: str, *details: object) -> str:
    """Log the exception that is being handled, and return what the user may read of it."""
    reference = uuid4().hex[:12]
    logger.exception(f"{line}; reference %s", *details, reference)
    return f"Something went wrong here. If it stays, give an operator the reference {reference}."
