"""Adds notes to threads. Called by the API and the pages."""

from datetime import datetime

from django.db import transaction

from interactions.locks import lock_profiles
from interactions.models import Note, Thread

MAX_NOTES = 500  # of one thread


class TooManyNotes(Exception):
    """The thread has MAX_NOTES."""


def add_note(thread: Thread, text: str, now: datetime, key: str = "") -> Note:
    """Store a note, once for each `key` that is not empty; raises TooManyNotes, or Thread.DoesNotExist when the thread is shown no more."""
    with transaction.atomic():
        lock_profiles([thread.profile_id])
        Thread.objects.shown().get(pk=thread.pk)
        if key and (stored := Note.objects.filter(thread=thread.pk, idempotency_key=key, text=text).first()):
            return stored
        if Note.objects.filter(thread=thread.pk).count() >= MAX_NOTES:
            raise TooManyNotes
        return Note.objects.create(
            profile_id=thread.profile_id,
            is_demo=thread.is_demo,
            thread=thread,
            text=text,
            idempotency_key=key,
            created_at=now,
        )
