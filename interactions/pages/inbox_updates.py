"""Reads what has changed in the inbox since a browser's page was loaded. Called by the inbox's views and actions."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpRequest

from accounts.models import User
from interactions.models import Thread
from interactions.pages.idle_polls import page_version
from interactions.pages.inbox_list import (
    MAX_NEW,
    Profiles,
    Tab,
    changed_rows,
    count_new,
    count_tabs,
    count_unread,
    read_counts,
    read_shown,
)
from interactions.pages.inbox_query import InboxQuery
from interactions.pages.shown_list import ShownList
from interactions.read_limits import read_within_limits


@dataclass(frozen=True)
class Updates:
    """The rows that look different, the ids of those that are gone, new threads above them, and the numbers."""

    version: str | None
    changed: Sequence[Thread]
    gone: Sequence[int]
    new: int
    tabs: Sequence[Tab]
    unread: int

    @property
    def too_many_new(self) -> bool:
        return self.new > MAX_NEW


def inbox_version(request: HttpRequest, profiles: Profiles) -> str | None:
    """Return the version of a page with the profiles' rows; None if it is unknown, so everything has to be read."""
    if not profiles.are_all:
        return None
    return page_version(request.session.session_key, request.user.pk, profiles.ids)


def read_updates(user: User, query: InboxQuery, shown: ShownList, version: str | None) -> Updates:
    """Read what differs from the shown list. The order of its rows stays; new threads are only counted."""
    counts = read_within_limits(user, lambda: read_counts(query, user))
    threads = read_within_limits(user, lambda: read_shown(query, user, list(shown.rows), shown.open_id))
    changed, gone = changed_rows(threads, shown.rows)
    new = 0
    if shown.listed_at is not None:
        since = shown.listed_at
        new = read_within_limits(user, lambda: count_new(query, user, since, shown.rows))
    return Updates(version, changed, gone, new, count_tabs(query, counts), count_unread(counts))
