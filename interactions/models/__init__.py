"""The tables of the inbox; the public names of this package."""

from interactions.models.exports import LEASE, ExportLease
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

__all__ = [
    "LEASE",
    "MAX_KEY_LENGTH",
    "MAX_PAGE_BYTES",
    "MAX_REPLIES",
    "MAX_REPLY_NAME",
    "MAX_REPLY_TEXT",
    "Content",
    "DeadLetter",
    "ExportLease",
    "Interaction",
    "InteractionQuerySet",
    "PendingChange",
    "PlatformRow",
    "SavedReply",
    "SavedReplyNameTaken",
    "TooManySavedReplies",
]
