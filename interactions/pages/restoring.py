"""What an undo gives back: the status of threads before a change, as a text in the form that undoes it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime

from accounts.models import User
from interactions.events import read_timestamp
from interactions.models import Thread, ThreadStatus
from interactions.models.thread_lists import ThreadFilters
from interactions.pages.shown_list import read_id
from interactions.threads.bulk import BulkChange, Selection, change_all, find_visible
from interactions.threads.bulk_jobs import MAX_IN_REQUEST
from interactions.threads.changing import MAX_SNOOZE

Before = tuple[str, datetime | None]  # status, end of the snooze


def restore_text(threads: Iterable[Thread]) -> str:
    """Return the statuses of the threads, such as "12 done,13 snoozed 2026-01-31T09:00:00+00:00"."""
    return ",".join(
        " ".join([str(one.pk), one.status, *([one.snoozed_until.isoformat()] if one.snoozed_until else [])])
        for one in threads
    )


def read_restore(text: str, now: datetime) -> Mapping[Before, list[int]]:
    """Return the ids by what is restored; a snooze that has ended is open. Unreadable parts are left out."""
    ids: dict[Before, list[int]] = defaultdict(list)
    for part in text.split(",", MAX_IN_REQUEST)[:MAX_IN_REQUEST]:
        id, status, until = (*part.split(" "), "", "", "")[:3]
        number = read_id(id)
        before = _before(status, until, now)
        if number is not None and before is not None:
            ids[before].append(number)
    return ids


def restore(user: User, statuses: Mapping[Before, list[int]], now: datetime) -> int:
    """Give those of the threads that the user still sees their statuses back; return how many changed."""
    changed = 0
    for (status, until), ids in statuses.items():
        change = BulkChange(status=status, snoozed_until=until)
        selection = Selection(user, ThreadFilters(), now, change)
        changed += change_all(selection, find_visible(user, ids), now)
    return changed


def _before(status: str, until: str, now: datetime) -> Before | None:
    if status != ThreadStatus.SNOOZED:
        return (status, None) if status in ThreadStatus.values else None
    try:
        end = read_timestamp(until)
    except (ValueError, OverflowError):
        return None
    if end > now + MAX_SNOOZE:
        return None
    return (status, end) if end > now else (ThreadStatus.OPEN, None)
