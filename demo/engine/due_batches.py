"""Looks up due events and divides them into batches. Called by both transports.

A lookup of few events reads the start of an index. A lookup of many makes PostgreSQL read all accounts, so it is used
only when many events are due.
"""

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from demo.models import StoryEventQuerySet

LARGE_LOOKUP = 200_000  # events; enough for several batches of most owners


@dataclass(frozen=True)
class BatchResult:
    """How many events a batch had, and how many of them were delivered. A batch without events: nothing is left."""

    events: int
    delivered: int


class DueBatches:
    """Batches of up to `batch_size` keys of due story events, each of one `owner` ("account" or "profile").

    With `merge_owners` several owners with few events share a batch. Owners alternate: see `earliest_keys_by_owner`.
    The first lookup reads `first_lookup` events; when it finds as many, the next one reads LARGE_LOOKUP.

    The caller sets `may_have_more` when it locked some of a batch. Otherwise other workers hold all of the last lookup,
    and another one would find the same events.
    """

    def __init__(self, owner: str, batch_size: int, first_lookup: int, merge_owners: bool) -> None:
        self._owner = owner
        self._batch_size = batch_size
        self._merge_owners = merge_owners
        self._lookup_size = first_lookup
        self._pending: list[array] = []  # batches in reverse order
        self.may_have_more = True

    def next(self, due: StoryEventQuerySet) -> array:
        """The next batch of `due`; empty when nothing is left."""
        if not self._pending and self.may_have_more:
            self._look_up(due)
        return self._pending.pop() if self._pending else array("q")

    def _look_up(self, due: StoryEventQuerySet) -> None:
        rounds = due.earliest_keys_by_owner(self._lookup_size, self._batch_size, self._owner)
        batches = [batch for parts in rounds for batch in self._batches(parts)]
        is_full = self._lookup_size < LARGE_LOOKUP and sum(map(len, batches)) == self._lookup_size
        if is_full:
            self._lookup_size = LARGE_LOOKUP
        self._pending = batches[::-1]
        self.may_have_more = is_full

    def _batches(self, parts: list[array]) -> Iterable[array]:
        return _merged(parts, self._batch_size) if self._merge_owners else parts


def _merged(parts: list[array], batch_size: int) -> Iterator[array]:
    """Consecutive parts joined into batches of at most `batch_size` keys; no part is divided."""
    batch = array("q")
    for part in parts:
        if batch and len(batch) + len(part) > batch_size:
            yield batch
            batch = array("q")
        batch += part
    yield batch
