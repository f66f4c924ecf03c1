"""The tables of the inbox; the public names of this package."""

from interactions.models.bulk_jobs import BulkJob, BulkJobRunning, BulkJobState
from interactions.models.choices import ReadStatus, ThreadStatus
from interactions.models.enrichment import Enrichment, UnindexedRange
from interactions.models.exports import LEASE, ExportLease
from interactions.models.inbox_rules import (
    MAX_RULE_VALUE,
    MAX_RULES,
    InboxRule,
    InboxRuleChanged,
    TooManyInboxRules,
)
from interactions.models.labels import LABEL_LENGTH, MAX_LABELS_OF_THREAD, Label
from interactions.models.moderation import MAX_BLOCKED, WITHDRAWAL, BlockedAuthor, Moderation
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
    SavedReplyChanged,
    SavedReplyNameTaken,
    TooManySavedReplies,
)
from interactions.models.saved_views import (
    MAX_QUERY,
    MAX_VIEW_NAME,
    MAX_VIEWS,
    SavedView,
    SavedViewNameTaken,
    TooManySavedViews,
)
from interactions.models.thread_lists import ThreadQuerySet
from interactions.models.threads import NOTE_LENGTH, Decision, Note, Thread

__all__ = [
    "LABEL_LENGTH",
    "LEASE",
    "MAX_BLOCKED",
    "MAX_KEY_LENGTH",
    "MAX_LABELS_OF_THREAD",
    "MAX_PAGE_BYTES",
    "MAX_QUERY",
    "MAX_REPLIES",
    "MAX_REPLY_NAME",
    "MAX_REPLY_TEXT",
    "MAX_RULES",
    "MAX_RULE_VALUE",
    "MAX_VIEWS",
    "MAX_VIEW_NAME",
    "NOTE_LENGTH",
    "WITHDRAWAL",
    "BlockedAuthor",
    "BulkJob",
    "BulkJobRunning",
    "BulkJobState",
    "Content",
    "DeadLetter",
    "Decision",
    "Enrichment",
    "ExportLease",
    "InboxRule",
    "InboxRuleChanged",
    "Interaction",
    "InteractionQuerySet",
    "Label",
    "Moderation",
    "Note",
    "PendingChange",
    "PlatformRow",
    "ReadStatus",
    "SavedReply",
    "SavedReplyChanged",
    "SavedReplyNameTaken",
    "SavedView",
    "SavedViewNameTaken",
    "Thread",
    "ThreadQuerySet",
    "ThreadStatus",
    "TooManyInboxRules",
    "TooManySavedReplies",
    "TooManySavedViews",
    "UnindexedRange",
]
