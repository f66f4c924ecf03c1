"""Celery tasks of accounts; each is safe to run twice. `demo/schedules.py` creates their schedules."""

import logging

from celery import shared_task
from django.utils import timezone

from accounts import expiry

logger = logging.getLogger(__name__)


@shared_task(ignore_result=True)
def clear_expired() -> None:
    """Delete expired sessions and tokens."""
    deleted = expiry.clear_expired(timezone.now())
    logger.info("Deleted %(sessions)d expired sessions and %(tokens)d expired tokens.", deleted)
