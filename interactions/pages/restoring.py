"""What an undo gives back: status and unread of threads before a change, as a text in the form that undoes it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from accounts.models import User
from interactions.events import read_timestamp
from interactions.models import Thread, ThreadStatus
from interactions.models.thread_lists import ThreadFilters
from interactions.pages.shown_list import read_id
from interactions.threads.bulk import BulkChange, Selection, change_all, find_visible
from interactions.threads.bulk_jobs import MAX_IN_REQUEST
from interactions.threads.changing import MAX_SNOOZE

UNREAD = "unread"


class Before(NamedTuple):
    """What a thread was before a change. `until` is the end of its snooze."""

    status: str
    until: datetime | None = None
    unread: bool = False


def undo_fields(threads: Iterable[Thread], changed_at: datetime) -> dict[str, str]:
    """Return the fields of the form that gives the threads back what they are before a change at that time.

    Such as "12 done,13 snoozed 2026-01-31T09:00:00+00:00 unread".
    """
    return {"restore": ",".join(map(_text, threads)), "until": changed_at.isoformat()}


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
    """Give those of the threads that the user still sees back what they were; return how many changed.

    A thread of which a row arrived after the change at `changed_at` is left: that row has decided, and nobody has seen it.
    """
    changed = 0
    for (status, until, unread), ids in ids_by_state.items():
        change = BulkChange(status=status, snoozed_until=until, unread=unread or None)
        selection = Selection(user, ThreadFilters(), changed_at, change)
        changed += change_all(selection, find_visible(user, ids), now)
    return changed


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
