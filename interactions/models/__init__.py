"""The tables of the inbox; the public names of this package."""

from interactions.models.choices import ReadStatus, ThreadStatus
from interactions.models.pending import DeadLetter, PendingChange
from interactions.models.rows import (
    MAX_KEY_LENGTH,
    MAX_PAGE_BYTES,
    Content,
    Interaction,
    InteractionQuerySet,
    PlatformRow,
)
from interactions.models.threads import Decision, Label, Note, Thread

__all__ = [
    "MAX_KEY_LENGTH",
    "MAX_PAGE_BYTES",
    "Content",
    "DeadLetter",
    "Decision",
    "Interaction",
    "InteractionQuerySet",
    "Label",
    "Note",
    "PendingChange",
    "PlatformRow",
    "ReadStatus",
    "Thread",
    "ThreadStatus",
]
