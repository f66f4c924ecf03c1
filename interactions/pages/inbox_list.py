"""Reads the list of threads as the inbox shows it. Called by the inbox's views."""

import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from accounts.models import MAX_LIVE_PROFILES, Profile, User
from accounts.platforms import PLATFORMS
from interactions.cursors import Cursor, read_page
from interactions.models import Label, Thread, ThreadQuerySet
from interactions.models.choices import ThreadStatus
from interactions.models.thread_lists import ThreadCounts
from interactions.pages.inbox_query import ALL, TABS, InboxQuery
from interactions.threads.showing import add_shown

PAGE_SIZE = 50
MAX_NEW = 99  # threads; more are "99+"
ARRIVAL_TAKES = timedelta(seconds=10)  # at most, from the receipt of a row until lists show it
MAX_PROFILES = MAX_LIVE_PROFILES + len(PLATFORMS)  # of one user: a demo has at most one on each platform


@dataclass(frozen=True)
class Tab:
    status: str
    address: str
    count: int
    is_current: bool


@dataclass(frozen=True)
class ListPage:
    """A page of threads as they were at `until`, and the cursor of the next one."""

    threads: Sequence[Thread]
    older: Cursor | None
    until: datetime


@dataclass(frozen=True)
class Profiles:
    """The user's profiles, which the filter offers; whether live and demo threads are mixed."""

    rows: Sequence[Profile]

    @classmethod
    def of(cls, user: User) -> "Profiles":
        columns = Profile.objects.owned_by(user).only("platform", "handle", "display_name", "is_demo")
        return cls(list(columns.order_by("is_demo", "platform", "id")[: MAX_PROFILES + 1]))

    @property
    def ids(self) -> list[int]:
        return [profile.pk for profile in self.rows]

    @property
    def are_all(self) -> bool:
        """Whether the user has no others."""
        return len(self.rows) <= MAX_PROFILES

    @property
    def mix_live_and_demo(self) -> bool:
        return len({profile.is_demo for profile in self.rows}) == 2


def read_list(query: InboxQuery, user: User, cursor: str | None, now: datetime) -> ListPage:
    """Read a page of the threads of the query; raises CursorError."""
    page = read_page(_rows(query), user, cursor, PAGE_SIZE)
    add_shown(page.rows)
    return ListPage(page.rows, page.older, now)


def count_tabs(query: InboxQuery, counts: ThreadCounts) -> list[Tab]:
    """Return the tabs of the inbox with the numbers of their threads."""
    return tabs_at({status: query.with_status(status).address for status in TABS}, query, counts)


def tabs_at(addresses: Mapping[str, str], query: InboxQuery, counts: ThreadCounts) -> list[Tab]:
    """Return the tabs at these addresses by status, with the numbers of their threads; that of the query is the current one."""
    return [
        Tab(status, address, counts.of(None if status == ALL else status), status == query.status)
        for status, address in addresses.items()
    ]


def read_counts(query: InboxQuery, user: User) -> ThreadCounts:
    """Count the threads that match the filters, of every status."""
    filters = {name: value for name, value in query.filters().items() if name != "status"}
    return Thread.objects.shown().filtered(**filters).counts_for(user)


def count_unread(counts: ThreadCounts) -> int:
    """Return the number that the page's title has."""
    return counts.of(ThreadStatus.OPEN, unread=True)


def count_new(query: InboxQuery, user: User, since: datetime, shown: Collection[int]) -> int:
    """Return how many threads of the query are not shown and became active after `since`, or up to ARRIVAL_TAKES before.

    The margin is for rows that were received before the list was read but stored after it. At most MAX_NEW + 1.
    """
    newest = Thread.objects.shown().filtered(**query.filters()).page_for(user, MAX_NEW + 1)
    rows = newest.values_list("pk", "active_at", "last_in_received_at")
    return sum(
        1
        for id, active_at, received_at in rows
        if id not in shown and max(active_at, received_at or active_at) + ARRIVAL_TAKES > since
    )


def read_shown(query: InboxQuery, user: User, ids: Sequence[int], kept: int | None) -> dict[int, Thread]:
    """Return those of the threads that still match the query, and the thread `kept` if it is shown at all, by their ids."""
    matching = _rows(query).matching_among(ids, user)
    threads = {thread.pk: thread for thread in matching}
    if kept in ids and kept not in threads:
        threads |= {one.pk: one for one in Thread.objects.visible_to(user).filter(pk=kept).with_relations()}
    add_shown(list(threads.values()))
    return threads


def changed_rows(threads: Mapping[int, Thread], shown: Mapping[int, str]) -> tuple[list[Thread], list[int]]:
    """Return the threads that look different than `shown`, which has the version by id, and the ids of those that are gone."""
    changed = [thread for id, thread in threads.items() if row_version(thread) != shown.get(id)]
    return changed, [id for id in shown if id not in threads]


def row_version(thread: Thread) -> str:
    """Return a short text that changes with what the row of the thread shows."""
    last = thread.last_row
    shown = (
        thread.status,
        thread.snoozed_until,
        thread.unread,
        thread.active_at,
        thread.label_names,
        thread.last_in_received_at,  # which a change of selected threads sends
        last and (last.pk, last.text_start, last.send_status),
        thread.author_row and thread.author_row.display_author,
    )
    return format(zlib.crc32(repr(shown).encode()), "08x")


def label_names(user: User) -> list[str]:
    """Return the names of the user's labels, each once, in alphabetical order."""
    names = Label.objects.filter(profile__owner=user).values_list("name", flat=True).distinct()
    return sorted(names, key=str.casefold)


def _rows(query: InboxQuery) -> ThreadQuerySet:
    return Thread.objects.shown().with_relations().filtered(**query.filters())
