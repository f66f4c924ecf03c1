"""The tables of the inbox; the public names of this package."""

from interactions.models.choices import ReadStatus, ThreadStatus
from interactions.models.enrichment import Enrichment, UnindexedRange
from interactions.models.exports import LEASE, ExportLease
from interactions.models.labels import LABEL_LENGTH, Label, label_key
from interactions.models.pending import DeadLetter, PendingChange
from interactions.models.rows import (
    MAX_KEY_LENGTH,
    MAX_PAGE_BYTES,
    Content,
    Interaction,
    InteractionQuerySet,
    PlatformRow,
)
from interactions.models.saved_replies import (
    MAX_REPLIES,
    MAX_REPLY_NAME,
    MAX_REPLY_TEXT,
    SavedReply,
    SavedReplyNameTaken,
    TooManySavedReplies,
)
from interactions.models.thread_lists import ThreadQuerySet
from interactions.models.threads import NOTE_LENGTH, Decision, Note, Thread

__all__ = [
    "LABEL_LENGTH",
    "LEASE",
    "MAX_KEY_LENGTH",
    "MAX_PAGE_BYTES",
    "MAX_REPLIES",
    "MAX_REPLY_NAME",
    "MAX_REPLY_TEXT",
    "NOTE_LENGTH",
    "Content",
    "DeadLetter",
    "Decision",
    "Enrichment",
    "ExportLease",
    "Interaction",
    "InteractionQuerySet",
    "Label",
    "Note",
    "PendingChange",
    "PlatformRow",
    "ReadStatus",
    "SavedReply",
    "SavedReplyNameTaken",
    "Thread",
    "ThreadQuerySet",
    "ThreadStatus",
    "TooManySavedReplies",
    "UnindexedRange",
    "label_key",
]
