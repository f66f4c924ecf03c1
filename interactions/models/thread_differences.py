"""Which threads a bulk change would alter, as conditions on their columns. Read by lists of threads and `interactions.threads.bulk`.

What a thread has already is not changed again, so that a repeated change alters nothing.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import add, and_, or_

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.lookups import Exact, LessThanOrEqual

from interactions.models.choices import LabelAction, ThreadStatus
from interactions.models.labels import MAX_LABELS_OF_THREAD

IDS = ArrayField(models.BigIntegerField())
# The same as is_answered, and as what makes a thread unread, in interactions/threads/state.py; tests/test_bulk_changes.py compares them.
_IS_ANSWERED = Q(answered_at__isnull=False) & (Q(last_in_at=None) | Q(answered_at__gt=F("last_in_at")))
# A thread that has something to be unread: a received row without an answer, or the end of a snooze.
_CAN_BE_UNREAD = (Q(last_in_at__isnull=False) & ~_IS_ANSWERED) | Q(
    status=ThreadStatus.OPEN, decision="snoozed"
)


class HasLabel(Func):
    """Whether the thread has one of the labels."""

    template = "(label_ids && %(expressions)s)"
    output_field = models.BooleanField()


class NumberOfLabels(Func):
    """How many labels the thread has."""

    template = "cardinality(label_ids)"
    output_field = models.IntegerField()


class LacksLabel(Func):
    """1 if the thread has none of the labels, else 0."""

    template = "(NOT label_ids && %(expressions)s)::integer"
    output_field = models.IntegerField()


@dataclass(frozen=True)
class LabelDifference:
    """A change of labels. `ids` has for each name those of its stored labels, which each profile has of its own."""

    action: LabelAction
    ids: tuple[tuple[int, ...], ...]

    def condition(self) -> Q:
        """Return the condition for threads whose labels the change alters."""
        has = [Q(HasLabel(ids)) for ids in self._values()]
        if self.action == LabelAction.REMOVE:
            return ~Q(label_ids=[]) & reduce(or_, has)
        has_all = reduce(and_, has, Q())
        if self.action == LabelAction.ADD:
            return ~has_all
        return ~(has_all & Q(Exact(NumberOfLabels(), len(self.ids))))

    def fits(self) -> Q:
        """Return the condition for threads that have at most MAX_LABELS_OF_THREAD labels after the change."""
        if self.action != LabelAction.ADD:
            return Q()
        added = reduce(add, (LacksLabel(ids) for ids in self._values()))
        return Q(Exact(added, 0)) | Q(LessThanOrEqual(NumberOfLabels() + added, MAX_LABELS_OF_THREAD))

    def _values(self) -> list[Value]:
        return [Value(list(ids), IDS) for ids in self.ids]


@dataclass(frozen=True)
class Difference:
    """The threads that a change at `now` would alter; None leaves a column as it is."""

    now: datetime
    status: str | None = None
    snoozed_until: datetime | None = None
    unread: bool | None = None
    labels: LabelDifference | None = None

    def aspects(self) -> dict[str, Q]:
        """Return the conditions for threads of which the change alters `status`, `unread` or `labels`."""
        conditions = {
            "status": self._status() if self.status else None,
            "unread": None if self.unread is None else self._unread(),
            "labels": self.labels and self.labels.condition(),
        }
        return {name: condition for name, condition in conditions.items() if condition is not None}

    def condition(self) -> Q:
        """Return the condition for threads that the change alters."""
        fits = self.labels.fits() if self.labels else Q()
        return fits & reduce(or_, self.aspects().values())

    def may_be_in(self, status: str, unread: bool) -> bool:
        """Whether threads with that status, unread or read, can be among them, by these two columns alone."""
        if self.labels or self.unread not in (None, unread):
            return True
        if self.status is None:
            return False
        is_read_by_it = unread and self.unread is None
        return status != self.status or status == ThreadStatus.SNOOZED or is_read_by_it

    def _status(self) -> Q:
        """A decision also marks as read, unless the change is to mark as unread too."""
        differs = ~Q(status=self.status)
        if self.unread is not True:
            differs |= Q(unread=True)
        if self.status == ThreadStatus.SNOOZED:
            differs |= ~Q(snoozed_until=self.snoozed_until)
        if self.status in (ThreadStatus.OPEN, ThreadStatus.SNOOZED):
            differs &= ~(_IS_ANSWERED & Q(answered_at__gt=self.now))  # such an answer closes it again
        return differs

    def _unread(self) -> Q:
        return Q(unread=False) & _CAN_BE_UNREAD if self.unread else Q(unread=True)
