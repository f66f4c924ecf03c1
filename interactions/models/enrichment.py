"""The tables of the search: the words of each interaction, and the rows whose words are not stored yet.

Triggers on the table of interactions (migration 0010) write UnindexedRange and delete Enrichment, so that no writer can
forget it, processes of earlier releases included. `interactions.search_filling` does the rest; `interactions.search` reads.
"""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models

from interactions.models.rows import Interaction


class Enrichment(models.Model):
    """What is derived from an interaction. It is deleted with the interaction, and when its text or author changes.

    `search` has the folded words (`interactions.search_words`), each as `PROFILE_ID:WORD`, so that one index serves all
    users and a search reads no entry of another user.
    """

    interaction = models.OneToOneField(
        Interaction, on_delete=models.DO_NOTHING, primary_key=True, related_name="+", db_constraint=False
    )
    search = SearchVectorField()

    class Meta:
        indexes = [GinIndex(fields=["search"], name="enrichment_by_word", fastupdate=False)]

    def __str__(self) -> str:
        return f"words of interaction {self.pk}"


class UnindexedRange(models.Model):
    """Interactions whose words are to be stored: those with ids from `first_id` to `last_id`; one row per statement."""

    first_id = models.BigIntegerField()
    last_id = models.BigIntegerField()

    def __str__(self) -> str:
        return f"interactions {self.first_id} to {self.last_id}"
