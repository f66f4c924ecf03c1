"""Dead letters through the door once more, after what refused them was mended."""

import json
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from interactions.ingest import REJECTED, Arrival, ingest
from interactions.locks import lock_profiles
from interactions.models import DeadLetter

BATCH = 1_000
UNREADABLE = object()


@dataclass(frozen=True)
class Replayed:
    taken: int
    rejected: int


def replay(letters: QuerySet[DeadLetter], now: datetime) -> Replayed:
    """Ingest the letters' events again; those that are taken now are no longer dead letters, the others stay."""
    ids = list(letters.order_by("pk").values_list("pk", flat=True))
    taken = sum(_replay_batch(ids[start : start + BATCH], now) for start in range(0, len(ids), BATCH))
    return Replayed(taken, len(ids) - taken)


def read_letter(letter: DeadLetter) -> object:
    """The event of the letter, or UNREADABLE where it is nested deeper than Python can read from here."""
    try:
        return json.loads(bytes(letter.raw))
    except RecursionError:
        return UNREADABLE


def _replay_batch(ids: list[int], now: datetime) -> int:
    chosen = DeadLetter.objects.filter(pk__in=ids)
    with transaction.atomic():
        # Before the letters, as whoever deletes them does.
        lock_profiles(chosen.values_list("profile", flat=True))
        letters = list(chosen.select_for_update().order_by("pk"))
        events = {one: event for one in letters if (event := read_letter(one)) is not UNREADABLE}
        results = ingest([Arrival(one.profile_id, event) for one, event in events.items()], now)
        taken = [one.pk for one, result in zip(events, results, strict=True) if result.status != REJECTED]
        DeadLetter.objects.filter(pk__in=taken).delete()
    return len(taken)
