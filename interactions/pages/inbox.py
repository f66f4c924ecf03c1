"""The pages Inbox, Comments and Messages, and the fragments that htmx loads into them. Routed by `urls.py`.

One page has the list of threads and the pane of one of them. What a user does goes through `actions.py`.
"""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.decorators import user_page, wants_fragment
from interactions.cursors import CursorError
from interactions.pages.decorators import list_fragment
from interactions.pages.inbox_list import Profiles
from interactions.pages.inbox_query import InboxQuery
from interactions.pages.inbox_updates import inbox_version, read_updates
from interactions.pages.rendering import (
    LIST,
    PANE,
    page_context,
    pane_context,
    read_rows,
    refuse,
    show_list,
    show_page,
)
from interactions.pages.shown_list import ShownList


@user_page
@require_safe
def inbox(request: HttpRequest, page: str, id: str | None = None) -> HttpResponse:
    """The list of threads, with the pane of the thread `id`; htmx asks for either of them."""
    query = InboxQuery.from_request(request, page)
    open_id = int(id) if id else None
    target = request.htmx.target if wants_fragment(request) else None
    if target == PANE:
        context = pane_context(request, query, open_id)
        return render(request, "inbox/pane.html", page_context(request, query) | context)
    if target == LIST:
        return show_list(request, query, open_id, with_pane=False)
    return show_page(request, query, open_id)


@user_page
@require_safe
def older(request: HttpRequest, page: str) -> HttpResponse:
    """The next rows of the list, which htmx appends; a page of them for those without it."""
    query = InboxQuery.from_request(request, page)
    cursor = request.GET.get("cursor")
    if query.errors:
        return refuse(request, query)
    if not wants_fragment(request):
        return show_page(request, query, None, cursor)
    try:
        rows = read_rows(request, query, cursor)
    except CursorError:
        return refuse(request, query, invalid_cursor=True)
    return render(request, "inbox/rows.html", page_context(request, query) | {"list": rows})


@list_fragment
def updates(request: HttpRequest, page: str) -> HttpResponse:
    """What has changed since the page was loaded. An open page asks every POLL_SECONDS.

    `idle_polls.py` has answered before when the version that the page sends is the current one.
    """
    profiles = Profiles.of(request.user)
    version = inbox_version(request, profiles)
    shown = ShownList.of(request.GET)
    query = InboxQuery.from_request(request, page)
    if query.errors:
        return HttpResponse(status=204)
    changes = read_updates(request.user, query, shown, version)
    context = page_context(request, query, profiles) | {"updates": changes, "open_id": shown.open_id}
    context |= pane_context(request, query, shown.open_id, seen_id=shown.seen_id)
    return render(request, "inbox/updates.html", context)
