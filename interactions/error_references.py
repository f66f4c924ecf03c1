"""Logs an unexpected error under a reference that the user is shown. Called by planning, pending work and bulk jobs."""

import logging
from uuid import uuid4


def log_failure(logger: logging.Logger, message: str, *args: object) -> str:
    """Log the current exception with `message % args` and a new reference; return a sentence for the user with it."""
    reference = uuid4().hex[:12]
    logger.exception(f"{message}; reference %s", *args, reference)
    return f"An internal error occurred. If it persists, give an operator the reference {reference}."
