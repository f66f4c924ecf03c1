"""Gives threads back the state that they had before a change. Called by the undo of the pages."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from accounts.models import User
from interactions.models import Thread
from interactions.models.thread_lists import ThreadFilters
from interactions.threads.bulk import BulkChange, Selection, change_all, find_visible


class ThreadState(NamedTuple):
    """The status of a thread, the end of its snooze, and whether it was unread."""

    status: str
    until: datetime | None = None
    unread: bool = False


def restore_states(
    user: User, ids_by_state: Mapping[ThreadState, list[int]], changed_at: datetime, now: datetime
) -> int:
    """Give the threads that the user still sees their earlier state; return how many do not have its status then.

    A thread of which a row arrived after the change at `changed_at` is left: that row has decided, and nobody has seen it.
    So is one on which somebody has decided since.
    """
    were = {id: state.status for state, ids in ids_by_state.items() for id in ids}
    decided_since = Thread.objects.filter(pk__in=were).decided_after(changed_at)
    decided = set(decided_since.values_list("pk", flat=True))
    for (status, until, unread), ids in ids_by_state.items():
        change = BulkChange(status=status, snoozed_until=until, unread=unread)
        selection = Selection(user, ThreadFilters(), changed_at, change)
        change_all(selection, find_visible(user, [id for id in ids if id not in decided]), now)
    statuses = Thread.objects.visible_to(user).filter(pk__in=were).values_list("pk", "status")
    return sum(status != were[id] for id, status in statuses)
