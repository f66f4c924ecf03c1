"""Renders the inbox: the page, its list and its pane. Called by the views of the pages and by what answers actions."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from accounts.decorators import wants_fragment
from accounts.models import Platform, User
from interactions.clock import now
from interactions.cursors import CursorError
from interactions.models import SavedView, Thread
from interactions.pages.inbox_list import (
    ListPage,
    Profiles,
    count_tabs,
    count_unread,
    label_names,
    read_counts,
    read_list,
)
from interactions.pages.inbox_query import InboxQuery
from interactions.pages.inbox_updates import inbox_version
from interactions.pages.outcome import Outcome
from interactions.pages.snooze_choices import snooze_choices, tomorrow
from interactions.pages.thread_pane import Composer, Pane, find_thread, read_pane
from interactions.read_limits import read_within_limits

POLL_SECONDS = 5
PANE, LIST = "thread", "list"  # ids of the elements that htmx fills


def show_list(
    request: HttpRequest,
    query: InboxQuery,
    open_id: int | None,
    *,
    with_pane: bool = True,
    stays_unread: bool = False,
    outcome: Outcome | None = None,
) -> HttpResponse:
    """Return the list as it is now, for htmx, and the pane beside it if it changes too.

    With `stays_unread` the thread in the pane is not marked as read. A toast shows the sentence of the `outcome`.
    """
    if query.errors:
        return refuse(request, query)
    context = _list_context(request, query) | {
        "open_id": open_id,
        "with_pane": with_pane,
        "outcome": outcome,
    }
    if with_pane:
        context |= pane_context(request, query, open_id)
        if stays_unread:
            context["marks_read"] = False
    else:
        context["version"] = None  # so that the next poll brings the pane up to date
    return render(request, "inbox/list_again.html", context)


def show_page(
    request: HttpRequest,
    query: InboxQuery,
    open_id: int | None,
    cursor: str | None = None,
    *,
    composer: Composer | None = None,
    code: int = 200,
) -> HttpResponse:
    """Return the whole page with the list's newest rows, or those at the cursor; with a refused text in its composer."""
    if query.errors:
        return refuse(request, query)
    try:
        context = _list_context(request, query, cursor)
    except CursorError:
        return refuse(request, query, invalid_cursor=True)
    pane = pane_context(request, query, open_id, composer)
    return render(request, "inbox/page.html", context | pane, status=404 if pane.get("is_gone") else code)


def refuse(request: HttpRequest, query: InboxQuery, *, invalid_cursor: bool = False) -> HttpResponse:
    """Say why the address cannot be shown: 404 for an invalid cursor, 400 for invalid filters."""
    template = "inbox/invalid_list.html" if wants_fragment(request) else "inbox/invalid.html"
    context = {"query": query, "invalid_cursor": invalid_cursor}
    return render(request, template, context, status=404 if invalid_cursor else 400)


def page_context(request: HttpRequest, query: InboxQuery, profiles: Profiles | None = None) -> dict[str, Any]:
    """The template variables of every part of the page; reads the profiles unless they are given."""
    at = timezone.localtime()
    return {
        "query": query,
        "profiles": profiles or Profiles.of(request.user),
        "platforms": Platform.choices,
        "snoozes": snooze_choices(at),
        "tomorrow": tomorrow(at),
    }


def _list_context(request: HttpRequest, query: InboxQuery, cursor: str | None = None) -> dict[str, Any]:
    user = request.user
    context = page_context(request, query)
    # Before the rows are read, so that a later change is noticed.
    version = inbox_version(request, context["profiles"])
    rows = read_rows(request, query, cursor)
    counts = read_within_limits(user, lambda: read_counts(query, user))
    return context | {
        "list": rows,
        "version": version,
        "tabs": count_tabs(query, counts),
        "unread": count_unread(counts),
        "label_names": label_names(user),
        "views": saved_views(user),
        "poll_seconds": POLL_SECONDS,
    }


def saved_views(user: User) -> list[SavedView]:
    """Return the user's saved views by name."""
    return list(SavedView.objects.owned_by(user).order_by("name_key"))


def read_rows(request: HttpRequest, query: InboxQuery, cursor: str | None) -> ListPage:
    at = now()
    return read_within_limits(request.user, lambda: read_list(query, request.user, cursor, at))


def pane_context(
    request: HttpRequest,
    query: InboxQuery,
    id: int | None,
    composer: Composer | None = None,
    *,
    seen_id: int | None = None,
) -> dict[str, Any]:
    """The template variables of the pane; `is_gone` if the thread does not exist any more.

    A pane with unread rows has them marked as read once it is shown; those up to `seen_id` were shown before.
    """
    if id is None:
        return {"pane": None}
    try:
        pane = _read_pane(request, id, request.GET.get("rows"), composer)
    except Thread.DoesNotExist:
        return {"pane": None, "is_gone": True, "unsent": composer.text if composer else ""}
    except CursorError:
        pane = _read_pane(request, id, None, composer)
    marks_read = pane.has_unread_after(seen_id)
    return {"pane": pane, "open_id": pane.thread.pk, "marks_read": marks_read}


def _read_pane(request: HttpRequest, id: int, cursor: str | None, composer: Composer | None) -> Pane:
    thread = find_thread(request.user, id)
    return read_within_limits(request.user, lambda: read_pane(thread, request.user, cursor, composer))
