"""What an undo gives back: status and unread of threads before a change, as a text in the form that undoes it. Called by the actions."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from django.urls import reverse

from accounts.models import User
from interactions.events import read_timestamp
from interactions.models import Thread, ThreadStatus
from interactions.models.thread_lists import ThreadFilters
from interactions.pages.inbox_query import InboxQuery
from interactions.pages.outcomes import Undo
from interactions.pages.shown_list import read_id
from interactions.threads.bulk import BulkChange, Selection, change_all, find_visible
from interactions.threads.bulk_jobs import MAX_IN_REQUEST
from interactions.threads.changing import MAX_SNOOZE

UNREAD = "unread"
REOPEN = "reopen"  # the field of the form


class Before(NamedTuple):
    """What a thread was before a change. `until` is the end of its snooze."""

    status: str
    until: datetime | None = None
    unread: bool = False


def undo_of(
    query: InboxQuery, threads: Iterable[Thread], changed_at: datetime, *, reopens: bool = False
) -> Undo:
    """Return the form that gives the threads back what they are before a change at that time.

    With `reopens` the pane then shows the thread, as it did before the change.
    """
    fields = {"restore": restore_text(threads), "until": changed_at.isoformat()}
    return Undo(reverse("inbox-undo", args=[query.page]), fields | ({REOPEN: "1"} if reopens else {}))


def restore_text(threads: Iterable[Thread]) -> str:
    """Return what the threads are, such as "12 done,13 snoozed 2026-01-31T09:00:00+00:00 unread"."""
    return ",".join(map(_text, threads))


def _text(thread: Thread) -> str:
    end = [thread.snoozed_until.isoformat()] if thread.snoozed_until else []
    return " ".join([str(thread.pk), thread.status, *end, *([UNREAD] if thread.unread else [])])


def read_restore(text: str, now: datetime) -> Mapping[Before, list[int]]:
    """Return the ids by what is restored; a snooze that has ended is open. Unreadable parts are left out."""
    ids: dict[Before, list[int]] = defaultdict(list)
    for part in text.split(",", MAX_IN_REQUEST)[:MAX_IN_REQUEST]:
        id, *words = part.split(" ")
        number = read_id(id)
        before = _before(words, now)
        if number is not None and before is not None:
            ids[before].append(number)
    return ids


def restore(user: User, ids_by_state: Mapping[Before, list[int]], changed_at: datetime, now: datetime) -> int:
    """Give those of the threads that the user still sees back what they were; return how many are not as they were.

    A thread of which a row arrived after the change at `changed_at` is left: that row has decided, and nobody has seen it.
    So is one on which somebody has decided since.
    """
    were = {id: state.status for state, ids in ids_by_state.items() for id in ids}
    decided_since = Thread.objects.filter(pk__in=were).decided_after(changed_at)
    decided = set(decided_since.values_list("pk", flat=True))
    for (status, until, unread), ids in ids_by_state.items():
        change = BulkChange(status=status, snoozed_until=until, unread=unread or None)
        selection = Selection(user, ThreadFilters(), changed_at, change)
        change_all(selection, find_visible(user, [id for id in ids if id not in decided]), now)
    statuses = Thread.objects.visible_to(user).filter(pk__in=were).values_list("pk", "status")
    return sum(status != were[id] for id, status in statuses)


def _before(words: list[str], now: datetime) -> Before | None:
    status, until, *_ = (*(word for word in words if word != UNREAD), "", "")
    unread = UNREAD in words
    if status != ThreadStatus.SNOOZED:
        return Before(status, None, unread) if status in ThreadStatus.values else None
    try:
        end = read_timestamp(until)
    except (ValueError, OverflowError):
        return None
    if end > now + MAX_SNOOZE:
        return None
    return Before(status, end, unread) if end > now else Before(ThreadStatus.OPEN, None, unread)
