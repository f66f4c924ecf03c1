"""The tables of the inbox; the public names of this package."""

from interactions.models.enrichment import Enrichment, UnindexedRange
from interactions.models.pending import DeadLetter, PendingChange
from interactions.models.rows import (
    MAX_KEY_LENGTH,
    MAX_PAGE_BYTES,
    Content,
    Interaction,
    InteractionQuerySet,
    PlatformRow,
)

__all__ = [
    "MAX_KEY_LENGTH",
    "MAX_PAGE_BYTES",
    "Content",
    "DeadLetter",
    "Enrichment",
    "Interaction",
    "InteractionQuerySet",
    "PendingChange",
    "PlatformRow",
    "UnindexedRange",
]
