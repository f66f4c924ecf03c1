"""Replays dead letters: sends them through the ingest again. Called by the admin, and by the sweep for those that are due."""

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
from interactions.ingest import IncomingEvent, store_events
from interactions.locks import lock_profiles
from interactions.models import DeadLetter

logger = logging.getLogger(__name__)

LETTERS_PER_TRANSACTION = 1_000
BYTES_PER_TRANSACTION = 5 * 2**20  # of the letters' events, unless a single one has more
MAX_DUE = 5_000  # due letters in one run
MAX_DEFERRED = 10_000  # letters that one call leaves to the sweep
MAX_SECONDS = 10  # after which a run starts no further batch
RETRY_MINUTES = 60
RETRY_DELAY = timedelta(minutes=RETRY_MINUTES)
ORDER = (
    "replay_at",
    "digest",
)  # letters due at the same time are ordered by their bytes, not by their receipt


@dataclass(frozen=True)
class ReplayResult:
    """How many letters were accepted, rejected again, failed, and deferred to the sweep; whether more remain."""

    accepted: int = 0
    rejected: int = 0
    failed: int = 0
    deferred: int = 0
    more: bool = False

    def __add__(self, other: "ReplayResult") -> "ReplayResult":
        return ReplayResult(
            self.accepted + other.accepted,
            self.rejected + other.rejected,
            self.failed + other.failed,
            self.deferred + other.deferred,
            self.more or other.more,
        )


def replay(letters: QuerySet[DeadLetter], now: datetime) -> ReplayResult:
    """Replay a first batch of the letters at once, and defer up to MAX_DEFERRED others to the sweep.

    Accepted letters are deleted, rejected ones stay. A failing letter is left to the sweep, after RETRY_DELAY.
    """
    first = next(_batches(letters, limit=LETTERS_PER_TRANSACTION), [])
    replayed = _replay_or_halve(first, now, time.monotonic() + MAX_SECONDS) if first else ReplayResult()
    not_due = letters.exclude(pk__in=first).filter(Q(replay_at=None) | Q(replay_at__gt=now)).order_by("pk")
    others = list(not_due.values_list("pk", flat=True)[: MAX_DEFERRED + 1])
    return replayed + ReplayResult(
        deferred=_defer(others[:MAX_DEFERRED], now), more=len(others) > MAX_DEFERRED
    )


def _defer(ids: list[int], now: datetime) -> int:
    """Make the letters due for the sweep, except those that are locked; return how many."""
    with transaction.atomic():
        free = DeadLetter.objects.filter(pk__in=ids).order_by("pk").select_for_update(skip_locked=True)
        locked = list(free.values_list("pk", flat=True))
        return DeadLetter.objects.filter(pk__in=locked).update(replay_at=now)


def replay_due(now: datetime) -> ReplayResult:
    """Replay at most MAX_DUE letters whose `replay_at` is `now` or earlier, for MAX_SECONDS; called by the sweep.

    A letter that is rejected for a reason other than its time is not retried. A batch that fails is halved until the failing
    letter is alone; that letter is logged and retried after RETRY_DELAY, so that it delays no other.
    """
    due = DeadLetter.objects.filter(replay_at__lte=now)
    deadline = time.monotonic() + MAX_SECONDS
    results = (_replay_or_halve(ids, now, deadline) for ids in _batches(due, limit=MAX_DUE))
    return sum(results, ReplayResult())


def _replay_or_halve(ids: list[int], now: datetime, deadline: float) -> ReplayResult:
    if time.monotonic() > deadline:
        return ReplayResult(more=True)
    try:
        return _replay_batch(ids, now)
    except Exception as error:
        if is_connection_lost(error):
            raise
        if len(ids) == 1:
            logger.exception(
                "Dead letter %d could not be replayed; it is retried in %d minutes", ids[0], RETRY_MINUTES
            )
            DeadLetter.objects.filter(pk__in=ids).update(replay_at=now + RETRY_DELAY)
            return ReplayResult(failed=1)
    middle = len(ids) // 2
    first, second = ids[:middle], ids[middle:]
    return _replay_or_halve(first, now, deadline) + _replay_or_halve(second, now, deadline)


def read_letter(letter: DeadLetter) -> object:
    """Return the letter's event, decoded from JSON, or Unreadable."""
    return read_event_bytes(bytes(letter.raw))


def _batches(letters: QuerySet[DeadLetter], limit: int) -> Iterator[list[int]]:
    """Yield the keys of the first `limit` letters, in their ORDER, in batches of one transaction."""
    ids: list[int] = []
    batch_bytes = 0
    for id, size in letters.order_by(*ORDER).values_list("pk", Length("raw"))[:limit]:
        if ids and (len(ids) == LETTERS_PER_TRANSACTION or batch_bytes + size > BYTES_PER_TRANSACTION):
            yield ids
            ids, batch_bytes = [], 0
        ids.append(id)
        batch_bytes += size
    if ids:
        yield ids


def _replay_batch(ids: list[int], now: datetime) -> ReplayResult:
    rows = DeadLetter.objects.filter(pk__in=ids)
    with transaction.atomic():
        # Profiles first, then letters: the order of all writers.
        lock_profiles(rows.values_list("profile", flat=True))
        letters = list(rows.select_for_update().order_by(*ORDER))
        events = [
            IncomingEvent(letter.profile_id, read_letter(letter), letter.received_at) for letter in letters
        ]
        _, rejections = store_events(events, now)
        accepted = [letter.pk for position, letter in enumerate(letters) if position not in rejections]
        DeadLetter.objects.filter(pk__in=accepted).delete()
        rejected = [letters[position] for position in rejections]
        for letter, rejection in zip(rejected, rejections.values(), strict=True):
            letter.reason, letter.replay_at = rejection.reason, rejection.replay_at
        DeadLetter.objects.bulk_update(rejected, ["reason", "replay_at"])
    return ReplayResult(len(accepted), len(ids) - len(accepted))
