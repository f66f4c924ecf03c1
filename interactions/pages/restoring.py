"""The form of an undo, and the text in it: the state of threads before a change. Called by the actions."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from interactions.events import read_timestamp
from interactions.models import Thread, ThreadStatus
from interactions.pages.inbox_query import InboxQuery
from interactions.pages.outcome import Refused, Undo
from interactions.pages.shown_list import read_id
from interactions.threads.bulk_jobs import MAX_IN_REQUEST
from interactions.threads.changing import MAX_SNOOZE
from interactions.threads.restoring import ThreadState

UNREAD = "unread"
REOPEN = "reopen"  # the field of the form
MAX_STATES = 20
UNREADABLE = _("This cannot be undone: the form is incomplete. Change the threads themselves.")


def undo_form(
    query: InboxQuery, threads: Iterable[Thread], changed_at: datetime, *, reopens: bool = False
) -> Undo | None:
    """Return the form that gives the threads back what they are before a change at that time.

    With `reopens` the pane then shows the thread, as it did before the change. None when they are in more than MAX_STATES
    states, because each state is one change of all of its threads.
    """
    threads = list(threads)
    if len({_serialize_state(thread) for thread in threads}) > MAX_STATES:
        return None
    fields = {"restore": serialize_states(threads), "until": changed_at.isoformat()}
    if reopens:
        fields[REOPEN] = "1"
    return Undo(reverse("inbox-undo", args=[query.page]), fields, target="#list")


def serialize_states(threads: Iterable[Thread]) -> str:
    """Return what the threads are, such as "12 done,13 snoozed 2026-01-31T09:00:00+00:00 unread"."""
    return ",".join(map(_serialize, threads))


def _serialize(thread: Thread) -> str:
    return f"{thread.pk} {_serialize_state(thread)}"


def _serialize_state(thread: Thread) -> str:
    end = [thread.snoozed_until.isoformat()] if thread.snoozed_until else []
    return " ".join([thread.status, *end, *([UNREAD] if thread.unread else [])])


def parse_states(text: str, now: datetime) -> Mapping[ThreadState, list[int]]:
    """Return the ids by what is restored; a snooze that has ended is open.

    Raises Refused for a text that `undo_form` does not write: an unreadable part, an id that is named twice, too many threads
    or states.
    """
    parts = text.split(",", MAX_IN_REQUEST)
    ids: dict[ThreadState, list[int]] = defaultdict(list)
    for part in parts:
        id, *words = part.split(" ")
        number = read_id(id)
        state = _parse_state(words, now)
        if number is None or state is None:
            raise Refused(UNREADABLE)
        ids[state].append(number)
    named = [id for group in ids.values() for id in group]
    if len(parts) > MAX_IN_REQUEST or len(set(named)) < len(named) or len(ids) > MAX_STATES:
        raise Refused(UNREADABLE)
    return ids


def _parse_state(words: list[str], now: datetime) -> ThreadState | None:
    unread = UNREAD in words
    status, until = ([word for word in words if word != UNREAD] + ["", ""])[:2]
    if status != ThreadStatus.SNOOZED:
        return ThreadState(status, None, unread) if status in ThreadStatus.values else None
    try:
        end = read_timestamp(until)
    except (ValueError, OverflowError):
        return None
    if end > now + MAX_SNOOZE:
        return None
    return ThreadState(status, end, unread) if end > now else ThreadState(ThreadStatus.OPEN, None, unread)
