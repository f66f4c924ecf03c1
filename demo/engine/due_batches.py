"""What is due, in batches: looked up for a few, and, while there is more, for many at once.

A short lookup walks along what is due; for a long one PostgreSQL reads every account, which few events do not merit.
"""

from array import array
from collections.abc import Iterable, Iterator

from demo.models import StoryEventQuerySet

AHEAD = 200_000  # events are looked up together when many are due, so that a batch has several of each owner


class DueBatches:
    """Batches of up to `at_once` keys of story events, each of one `owner` (account or profile), or `packed` of several.

    `first` is how many events are looked up while few are due. Owners take turns: see `earliest_keys`. Whoever takes a
    batch says by `goes_on` whether another lookup may find something: not when other workers held all of the last.
    """

    def __init__(self, owner: str, at_once: int, first: int, packed: bool) -> None:
        self._owner, self._at_once, self._packed = owner, at_once, packed
        self._ahead = first
        self._waiting: list[array] = []  # the next one last
        self.goes_on = True

    def next(self, due: StoryEventQuerySet) -> array:
        """The next batch of what is `due`; empty when nothing is left."""
        if not self._waiting and self.goes_on:
            self._look_up(due)
        return self._waiting.pop() if self._waiting else array("q")

    def _look_up(self, due: StoryEventQuerySet) -> None:
        rounds = due.earliest_keys(self._ahead, self._at_once, self._owner)
        batches = [batch for one in rounds for batch in self._batches(one)]
        there_is_more = self._ahead < AHEAD and sum(map(len, batches)) == self._ahead
        if there_is_more:
            self._ahead = AHEAD
        self._waiting, self.goes_on = batches[::-1], there_is_more

    def _batches(self, parts: list[array]) -> Iterable[array]:
        return _packed(parts, self._at_once) if self._packed else parts


def _packed(parts: list[array], at_once: int) -> Iterator[array]:
    """The parts put together into batches; none is divided."""
    batch = array("q")
    for part in parts:
        if batch and len(batch) + len(part) > at_once:
            yield batch
            batch = array("q")
        batch += part
    yield batch
