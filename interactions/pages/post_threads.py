"""Reads the threads of a post as its page shows them, with the list that the inbox has. Called by `posts.py`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.urls import reverse

from accounts.models import User
from interactions.models import Content
from interactions.models.choices import ThreadStatus
from interactions.pages.inbox_list import ListPage, Tab, read_counts, read_list, tabs_at
from interactions.pages.inbox_query import ALL, InboxQuery

# Of the tabs after the one of all threads.
STATUSES = (ThreadStatus.OPEN, ThreadStatus.SNOOZED, ThreadStatus.DONE)


@dataclass(frozen=True)
class PostThreads:
    """A page of the threads, and the tabs with the numbers of threads."""

    list: ListPage
    tabs: Sequence[Tab]


def threads_query(post: Content, status: str) -> InboxQuery:
    """Return the inbox with the threads of the post alone, of every status unless one is given."""
    return InboxQuery("inbox", {"content": str(post.pk), "status": status or ALL})


def read_threads(
    query: InboxQuery, post: Content, user: User, cursor: str | None, now: datetime
) -> PostThreads:
    """Read a page of the threads of the query, newest activity first; raises CursorError."""
    address = _address(post)
    addresses = {ALL: address} | {status: f"{address}?status={status}" for status in STATUSES}
    threads = read_list(query, user, cursor, now)
    return PostThreads(threads, tabs_at(addresses, query, read_counts(query, user)))


def older_address(query: InboxQuery, post: Content, threads: PostThreads) -> str | None:
    """Return the address of the next page of the threads; None at their end."""
    status = {} if query.status == ALL else {"status": query.status}
    cursor = threads.list.older
    return cursor and f"{_address(post)}?{urlencode({**status, 'cursor': str(cursor)})}"


def _address(post: Content) -> str:
    return reverse("content-detail", args=[post.pk])
