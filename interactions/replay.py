"""Dead letters through the door once more, after what refused them was mended."""

import json
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from interactions.ingest import REJECTED, Arrival, ingest
from interactions.models import DeadLetter

BATCH = 1_000


@dataclass(frozen=True)
class Replayed:
    taken: int
    rejected: int


def replay(letters: QuerySet[DeadLetter], now: datetime) -> Replayed:
    """Ingest the letters' events again; those that are taken now are no longer dead letters, the others stay."""
    ids = list(letters.order_by("pk").values_list("pk", flat=True))
    taken = sum(_replay_batch(ids[start : start + BATCH], now) for start in range(0, len(ids), BATCH))
    return Replayed(taken, len(ids) - taken)


def _replay_batch(ids: list[int], now: datetime) -> int:
    with transaction.atomic():
        letters = list(DeadLetter.objects.select_for_update().filter(pk__in=ids).order_by("pk"))
        results = ingest([Arrival(one.profile_id, json.loads(bytes(one.raw))) for one in letters], now)
        taken = [one.pk for one, result in zip(letters, results, strict=True) if result.status != REJECTED]
        DeadLetter.objects.filter(pk__in=taken).delete()
    return len(taken)
