"""Ends snoozes: makes threads open and unread when their time has come. Called by the sweep, each minute."""

from datetime import datetime

from django.db import transaction

from interactions.locks import lock_profiles
from interactions.models import Thread
from interactions.threads.recomputing import refresh_states

THREADS_PER_TRANSACTION = 500


def wake_threads(now: datetime) -> int:
    """Compute the state at `now` of the threads whose snooze has ended; return how many, in small transactions."""
    woken = 0
    while batch := _wake_batch(now):
        woken += batch
    return woken


def _wake_batch(now: datetime) -> int:
    ended = Thread.objects.filter(status=Thread.Status.SNOOZED, snoozed_until__lte=now)
    with transaction.atomic():
        chosen = list(ended.order_by("snoozed_until").values_list("pk", "profile")[:THREADS_PER_TRANSACTION])
        lock_profiles(profile for _, profile in chosen)
        ids = list(ended.filter(pk__in=[id for id, _ in chosen]).values_list("pk", flat=True))
        refresh_states(ids, now)
        return len(chosen)
