"""Sends dead letters through the ingest once more: by an operator's wish, or because their time has come."""

import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Length

from interactions.db_errors import is_connection_lost
from interactions.envelope import read_event_bytes
from interactions.ingest import Arrival, attempt
from interactions.locks import lock_profiles
from interactions.models import DeadLetter

logger = logging.getLogger(__name__)

LETTERS_PER_TRANSACTION = 1_000  # letters in one transaction,
BYTES_PER_TRANSACTION = 5 * 2**20  # and what they hold, unless one alone holds more
MAX_AT_ONCE = 5_000  # letters whose time has come, of one run
MAX_MARKED = 10_000  # letters that are left to the sweep at once
MAX_SECONDS = 10  # seconds, after which a run begins no further batch
LATER = timedelta(hours=1)  # from a failure to the next try
ORDER = ("replay_at", "digest")  # at equal times by their bytes, so that the order of receipt decides nothing


@dataclass(frozen=True)
class ReplayResult:
    """How many letters were taken, were rejected again, and failed; how many are left to the sweep, and whether there are
    still more."""

    taken: int = 0
    rejected: int = 0
    failed: int = 0
    marked: int = 0
    more: bool = False

    def __add__(self, other: "ReplayResult") -> "ReplayResult":
        return ReplayResult(
            self.taken + other.taken,
            self.rejected + other.rejected,
            self.failed + other.failed,
            self.marked + other.marked,
            self.more or other.more,
        )


def replay(letters: QuerySet[DeadLetter], now: datetime) -> ReplayResult:
    """Ingest the events of a first batch again, and leave the others, up to MAX_MARKED, to the sweep.

    Those that are taken are no longer dead letters, those that are rejected stay. A letter that fails is left to the sweep,
    LATER.
    """
    first = next(_batches(letters, most=LETTERS_PER_TRANSACTION), [])
    replayed = _replay_apart(first, now, time.monotonic() + MAX_SECONDS) if first else ReplayResult()
    unmarked = letters.exclude(pk__in=first).filter(Q(replay_at=None) | Q(replay_at__gt=now)).order_by("pk")
    others = list(unmarked.values_list("pk", flat=True)[: MAX_MARKED + 1])
    return replayed + ReplayResult(marked=_mark(others[:MAX_MARKED], now), more=len(others) > MAX_MARKED)


def _mark(ids: list[int], now: datetime) -> int:
    """Leave the letters to the sweep, but for those that somebody holds; return how many."""
    with transaction.atomic():
        free = DeadLetter.objects.filter(pk__in=ids).order_by("pk").select_for_update(skip_locked=True)
        held = list(free.values_list("pk", flat=True))
        return DeadLetter.objects.filter(pk__in=held).update(replay_at=now)


def replay_due(now: datetime) -> ReplayResult:
    """Replay the letters whose time has come at `now`, at most MAX_AT_ONCE, for MAX_SECONDS; called by the sweep.

    One that is rejected again, for another reason, is not tried a second time. A batch that fails is halved until the
    letter at fault is alone; it is logged, and tried again LATER, so that it holds up no other.
    """
    due = DeadLetter.objects.filter(replay_at__lte=now)
    deadline = time.monotonic() + MAX_SECONDS
    return sum((_replay_apart(ids, now, deadline) for ids in _batches(due, most=MAX_AT_ONCE)), ReplayResult())


def _replay_apart(ids: list[int], now: datetime, deadline: float) -> ReplayResult:
    if time.monotonic() > deadline:
        return ReplayResult(more=True)
    try:
        return _replay_batch(ids, now)
    except Exception as error:
        if is_connection_lost(error):
            raise
        if len(ids) == 1:
            logger.exception("Dead letter %d could not be replayed; it will be tried again", ids[0])
            DeadLetter.objects.filter(pk__in=ids).update(replay_at=now + LATER)
            return ReplayResult(failed=1)
    middle = len(ids) // 2
    return _replay_apart(ids[:middle], now, deadline) + _replay_apart(ids[middle:], now, deadline)


def read_letter(letter: DeadLetter) -> object:
    """The event of the letter, or Unreadable."""
    return read_event_bytes(bytes(letter.raw))


def _batches(letters: QuerySet[DeadLetter], most: int) -> Iterator[list[int]]:
    """Keys of letters that are replayed together, of the first `most`: in their ORDER."""
    ids: list[int] = []
    held = 0
    for id, size in letters.order_by(*ORDER).values_list("pk", Length("raw"))[:most]:
        if ids and (len(ids) == LETTERS_PER_TRANSACTION or held + size > BYTES_PER_TRANSACTION):
            yield ids
            ids, held = [], 0
        ids.append(id)
        held += size
    if ids:
        yield ids


def _replay_batch(ids: list[int], now: datetime) -> ReplayResult:
    chosen = DeadLetter.objects.filter(pk__in=ids)
    with transaction.atomic():
        # Before the letters, as whoever deletes them does.
        lock_profiles(chosen.values_list("profile", flat=True))
        letters = list(chosen.select_for_update().order_by(*ORDER))
        arrivals = [Arrival(letter.profile_id, read_letter(letter), letter.received_at) for letter in letters]
        _, refused = attempt(arrivals, now)
        taken = [letter.pk for position, letter in enumerate(letters) if position not in refused]
        DeadLetter.objects.filter(pk__in=taken).delete()
        for position, why in refused.items():
            letters[position].reason, letters[position].replay_at = why.reason, why.replay_at
        DeadLetter.objects.bulk_update([letters[position] for position in refused], ["reason", "replay_at"])
    return ReplayResult(len(taken), len(ids) - len(taken))
