"""Adds notes to threads. Called by the API and the pages."""

from datetime import datetime

from django.db import transaction

from interactions.locks import lock_profiles
from interactions.models import Note, Thread

MAX_NOTES = 500  # of one thread


class TooManyNotes(Exception):
    """The thread has MAX_NOTES."""


def add_note(thread: Thread, text: str, now: datetime) -> Note:
    """Store a note; raises TooManyNotes, or Thread.DoesNotExist when the thread is shown no more."""
    with transaction.atomic():
        lock_profiles([thread.profile_id])
        Thread.objects.shown().get(pk=thread.pk)
        if Note.objects.filter(thread=thread.pk).count() >= MAX_NOTES:
            raise TooManyNotes
        return Note.objects.create(
            profile_id=thread.profile_id,
            is_demo=thread.is_demo,
            thread=thread,
            text=text,
            created_at=now,
        )
