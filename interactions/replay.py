"""Sends dead letters through the ingest once more: by an operator's wish, or because their time has come."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Length

from interactions.connection import is_lost
from interactions.envelope import read_event_bytes
from interactions.ingest import Arrival, attempt
from interactions.locks import lock_profiles
from interactions.models import DeadLetter

logger = logging.getLogger(__name__)

BATCH = 1_000  # letters in one transaction,
BATCH_BYTES = 5 * 2**20  # and what they hold, unless one alone holds more
MOST_AT_ONCE = 5_000  # letters whose time has come, of one run


@dataclass(frozen=True)
class Replayed:
    taken: int = 0
    rejected: int = 0

    def __add__(self, other: "Replayed") -> "Replayed":
        return Replayed(self.taken + other.taken, self.rejected + other.rejected)


def replay(letters: QuerySet[DeadLetter], now: datetime) -> Replayed:
    """Ingest the letters' events again; those that are taken now are no longer dead letters, the others stay."""
    return sum((_replay_batch(ids, now) for ids in _batches(letters)), Replayed())


def replay_due(now: datetime) -> Replayed:
    """Replay the letters whose time has come at `now`, at most MOST_AT_ONCE; called by the sweep.

    One that is rejected again, for another reason, is not tried a second time. A batch that fails is logged and left to
    the next run.
    """
    due = DeadLetter.objects.filter(replay_at__lte=now).order_by("replay_at", "pk")[:MOST_AT_ONCE]
    replayed = Replayed()
    for ids in _batches(DeadLetter.objects.filter(pk__in=list(due.values_list("pk", flat=True)))):
        try:
            replayed += _replay_batch(ids, now)
        except Exception as error:
            if is_lost(error):
                raise
            logger.exception("%d dead letters from %d on could not be replayed", len(ids), ids[0])
    return replayed


def read_letter(letter: DeadLetter) -> object:
    """The event of the letter, or Unreadable."""
    return read_event_bytes(bytes(letter.raw))


def _batches(letters: QuerySet[DeadLetter]) -> Iterator[list[int]]:
    """Keys of letters that are replayed together, the oldest first."""
    ids: list[int] = []
    held = 0
    for id, size in letters.order_by("pk").values_list("pk", Length("raw")):
        if ids and (len(ids) == BATCH or held + size > BATCH_BYTES):
            yield ids
            ids, held = [], 0
        ids.append(id)
        held += size
    if ids:
        yield ids


def _replay_batch(ids: list[int], now: datetime) -> Replayed:
    chosen = DeadLetter.objects.filter(pk__in=ids)
    with transaction.atomic():
        # Before the letters, as whoever deletes them does.
        lock_profiles(chosen.values_list("profile", flat=True))
        letters = list(chosen.select_for_update().order_by("replay_at", "pk"))
        arrivals = [Arrival(letter.profile_id, read_letter(letter), letter.received_at) for letter in letters]
        _, refused = attempt(arrivals, now)
        taken = [letter.pk for position, letter in enumerate(letters) if position not in refused]
        DeadLetter.objects.filter(pk__in=taken).delete()
        for position, why in refused.items():
            letters[position].reason, letters[position].replay_at = why.reason, why.replay_at
        DeadLetter.objects.bulk_update([letters[position] for position in refused], ["reason", "replay_at"])
    return Replayed(len(taken), len(ids) - len(taken))
