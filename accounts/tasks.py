"""What workers do for accounts; each task is safe to run twice. Their schedules are rows made by demo/schedules.py."""

import logging

from celery import shared_task
from django.utils import timezone

from accounts import expiry

logger = logging.getLogger(__name__)


@shared_task(ignore_result=True)
def clear_expired() -> None:
    """Delete expired sessions and tokens."""
    gone = expiry.clear_expired(timezone.now())
    logger.info("Expired and deleted: %(sessions)d sessions, %(tokens)d tokens.", gone)
