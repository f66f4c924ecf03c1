"""Changes many threads of a user at once. Called by the API, the pages and `bulk_jobs`.

Candidates are found without locks. Each batch of them is changed in one transaction, which locks their profiles and asks
again which of them match, in a number of statements that depends neither on their number nor on that of the profiles.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import BooleanField, ExpressionWrapper, Q

from accounts.models import User
from interactions.cursors import Cursor
from interactions.locks import lock_profiles
from interactions.models import Thread, ThreadQuerySet
from interactions.models.choices import LabelAction
from interactions.models.thread_differences import Difference, LabelDifference
from interactions.models.thread_lists import ThreadFilters
from interactions.threads.decisions import decide, mark_read, mark_unread
from interactions.threads.labels import IdsByKey, LabelChange, change_labels, ids_for, stored_ids

MAX_THREADS = 5_000  # that one call changes
THREADS_PER_TRANSACTION = 500
LABEL_ACTIONS = {  # by the member of a change that has the names
    "labels": LabelAction.REPLACE,
    "add_labels": LabelAction.ADD,
    "remove_labels": LabelAction.REMOVE,
}


class UnknownThreads(Exception):
    """Some ids are not those of threads that the user sees; `ids` are these, in ascending order."""

    def __init__(self, ids: Iterable[int]) -> None:
        super().__init__()
        self.ids = sorted(ids)


@dataclass(frozen=True)
class BulkChange:
    """What to change; None leaves it as it is. `snoozed_until` is the end of a snooze."""

    status: str | None = None
    snoozed_until: datetime | None = None
    unread: bool | None = None
    labels: LabelChange | None = None

    @classmethod
    def of(cls, members: dict[str, Any]) -> "BulkChange":
        """Return the change of the API's members, which have at most one of LABEL_ACTIONS."""
        others = {name: value for name, value in members.items() if name not in LABEL_ACTIONS}
        named = [
            LabelChange(action, tuple(members[name]))
            for name, action in LABEL_ACTIONS.items()
            if name in members
        ]
        return cls(**others, labels=named[0] if named else None)

    def members(self) -> dict[str, Any]:
        """Return the members from which `of` makes the change; None where it leaves a value as it is."""
        members = {"status": self.status, "snoozed_until": self.snoozed_until, "unread": self.unread}
        names = {
            name for name, action in LABEL_ACTIONS.items() if self.labels and action == self.labels.action
        }
        return members | {name: list(self.labels.names) for name in names}

    @property
    def can_be_undone(self) -> bool:
        """Whether the state of a thread before the change says how to undo it; labels are not part of it."""
        return self.status is not None or self.unread is not None

    def difference(self, labels: IdsByKey, now: datetime) -> Difference:
        """Return which threads the change alters at `now`; `labels` are the stored labels that it names."""
        names = self.labels and LabelDifference(self.labels.action, tuple(map(tuple, labels.values())))
        return Difference(now, self.status, self.snoozed_until, self.unread, names)


@dataclass(frozen=True)
class Selection:
    """The user's threads that match the filters and that the change would alter, as they were at `until`.

    Not those that were active later, nor those of which a received row arrived later: nobody has seen it. `shown` has the
    latest arrival that was shown of single threads, None for none; of these no row may have arrived after it.
    """

    user: User
    filters: ThreadFilters
    until: datetime
    change: BulkChange
    shown: Mapping[int, datetime | None] = field(default_factory=dict)

    def has_arrivals(self, id: int, last_in_received_at: datetime | None) -> bool:
        """Whether a row of the thread arrived after those that were shown."""
        if last_in_received_at is None or id not in self.shown:
            return False
        shown = self.shown[id]
        return shown is None or shown < last_in_received_at

    def rows(self, labels: IdsByKey, now: datetime) -> ThreadQuerySet:
        """Return the query of these threads; `labels` are the stored labels that the change names."""
        filters = vars(self.filters) | {"difference": self.change.difference(labels, now)}
        arrived = Q(last_in_received_at=None) | Q(last_in_received_at__lte=self.until)
        return Thread.objects.shown().filter(arrived, active_at__lte=self.until).filtered(**filters)

    def stored_rows(self, now: datetime) -> ThreadQuerySet:
        """The same with the labels that are stored now."""
        labels = stored_ids(self.change.labels, self.user) if self.change.labels else {}
        return self.rows(labels, now)


class Candidate(NamedTuple):
    """A thread that matched when it was read."""

    id: int
    profile_id: int
    active_at: datetime


def find_candidates(
    selection: Selection, now: datetime, limit: int, after: Cursor | None = None
) -> list[Candidate]:
    """Return the first `limit` threads of the selection after the cursor, newest activity first."""
    rows = selection.stored_rows(now)
    if after is not None:
        rows = rows.filter(after.condition("active_at"))
    page = rows.page_for(selection.user, limit)
    return [Candidate(*row) for row in page.values_list("pk", "profile", "active_at")]


def count(selection: Selection, now: datetime) -> int:
    """Return how many threads the selection has."""
    return selection.stored_rows(now).count_for(selection.user)


def find_threads(user: User, ids: Sequence[int]) -> list[Candidate]:
    """Return the threads with these ids. Raises UnknownThreads unless the user sees all of them."""
    found = find_visible(user, ids)
    if missing := set(ids) - {one.id for one in found}:
        raise UnknownThreads(missing)
    return found


def find_visible(user: User, ids: Sequence[int]) -> list[Candidate]:
    """Return those of the threads that the user sees."""
    rows = Thread.objects.visible_to(user).filter(pk__in_array=ids).order_by("pk")
    return [Candidate(*row) for row in rows.values_list("pk", "profile", "active_at")]


def change_all(selection: Selection, candidates: Sequence[Candidate], now: datetime) -> int:
    """Change those of the candidates that are of the selection; return how many.

    Each THREADS_PER_TRANSACTION of them in a transaction. Raises TooManyLabels before the first one; later only if other
    requests have used the last places of a profile meanwhile.
    """
    batches = [
        candidates[start : start + THREADS_PER_TRANSACTION]
        for start in range(0, len(candidates), THREADS_PER_TRANSACTION)
    ]
    if len(batches) > 1:
        prepare_labels(selection.change, candidates)
    changed = 0
    for batch in batches:
        with transaction.atomic():
            lock_profiles(one.profile_id for one in batch)
            changed += change_batch(selection, batch, now)
    return changed


def prepare_labels(change: BulkChange, candidates: Sequence[Candidate]) -> None:
    """Store the labels that the change gives to the candidates. Raises TooManyLabels and stores none if they do not fit."""
    if change.labels:
        profiles = {one.profile_id for one in candidates}
        with transaction.atomic():
            lock_profiles(profiles)
            ids_for(change.labels, profiles)


def change_batch(selection: Selection, candidates: Sequence[Candidate], now: datetime) -> int:
    """Change those of the candidates that are of the selection; return how many. Raises TooManyLabels.

    The caller holds the locks of their profiles. What a search found is not searched again.
    """
    change = selection.change
    profiles = {one.profile_id for one in candidates}
    labels = ids_for(change.labels, profiles) if change.labels else {}
    altered = _altered(selection, candidates, labels, now)
    decided, unread, labelled = (altered.get(name, set()) for name in ("status", "unread", "labels"))
    if decided:
        decide(decided, change.status, now, until=change.snoozed_until)
    if change.unread and (decided or unread):
        mark_unread(decided | unread, now)  # a decision marks as read
    elif unread - decided:
        mark_read(unread - decided, now)
    if labelled:
        change_labels(labelled, labels, change.labels.action)
    return len(decided | unread | labelled)


def _altered(
    selection: Selection, candidates: Sequence[Candidate], labels: IdsByKey, now: datetime
) -> dict[str, set[int]]:
    """The ids of the candidates that are of the selection, by the aspects of the difference."""
    aspects = selection.change.difference(labels, now).aspects()
    flags = (ExpressionWrapper(condition, BooleanField()) for condition in aspects.values())
    rows = selection.rows(labels, now).matching_among([one.id for one in candidates], selection.user)
    found = rows.order_by().values_list("pk", "last_in_received_at", *flags)
    shown = [(id, altered) for id, arrival, *altered in found if not selection.has_arrivals(id, arrival)]
    return {name: {id for id, altered in shown if altered[place]} for place, name in enumerate(aspects)}
