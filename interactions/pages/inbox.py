"""The pages Inbox, Comments and Messages, and the fragments that htmx loads into them. Routed by `urls.py`.

One page has the list of threads and the pane of one of them. What a user does goes through `actions.py`.
"""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.decorators import user_page, wants_fragment
from accounts.models import Platform, User
from interactions.clock import now
from interactions.cursors import CursorError
from interactions.models import SavedView, Thread
from interactions.pages.decorators import list_fragment
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
from interactions.pages.inbox_updates import inbox_version, read_updates
from interactions.pages.shown_list import ShownList
from interactions.pages.snooze_choices import snooze_choices, tomorrow
from interactions.pages.thread_pane import Composer, Pane, find_thread, read_pane
from interactions.read_limits import read_within_limits

POLL_SECONDS = 5
PANE, LIST = "thread", "list"  # ids of the elements that htmx fills


@user_page
@require_safe
def inbox(request: HttpRequest, page: str, id: str | None = None) -> HttpResponse:
    """The list of threads, with the pane of the thread `id`; htmx asks for either of them."""
    query, open_id = InboxQuery.of(request, page), int(id) if id else None
    target = request.htmx.target if wants_fragment(request) else None
    if target == PANE:
        context, _ = pane_context(request, query, open_id)
        return render(request, "inbox/pane.html", page_context(request, query) | context)
    if target == LIST:
        return show_list(request, query, open_id, with_pane=False)
    return show_page(request, query, open_id)


def show_list(
    request: HttpRequest,
    query: InboxQuery,
    open_id: int | None,
    *,
    with_pane: bool = True,
    stays_unread: bool = False,
    outcome: Any = None,
) -> HttpResponse:
    """Return the list as it is now, for htmx, and the pane beside it if it changes too.

    With `stays_unread` the thread in the pane is not marked as read. A toast shows the sentence of the `outcome`.
    """
    if query.errors:
        return _refuse(request, query)
    context = _list_context(request, query) | {
        "open_id": open_id,
        "with_pane": with_pane,
        "outcome": outcome,
    }
    if with_pane:
        context |= pane_context(request, query, open_id)[0]
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
        return _refuse(request, query)
    try:
        context = _list_context(request, query, cursor)
    except CursorError:
        return _refuse(request, query, invalid_cursor=True)
    pane, status = pane_context(request, query, open_id, composer)
    return render(request, "inbox/page.html", context | pane, status=max(status, code))


def _refuse(request: HttpRequest, query: InboxQuery, *, invalid_cursor: bool = False) -> HttpResponse:
    """Say why the address cannot be shown: 404 for an invalid cursor, 400 for invalid filters."""
    template = "inbox/invalid_list.html" if wants_fragment(request) else "inbox/invalid.html"
    context = {"query": query, "invalid_cursor": invalid_cursor}
    return render(request, template, context, status=404 if invalid_cursor else 400)


@user_page
@require_safe
def older(request: HttpRequest, page: str) -> HttpResponse:
    """The next rows of the list, which htmx appends; a page of them for those without it."""
    query, cursor = InboxQuery.of(request, page), request.GET.get("cursor")
    if query.errors:
        return _refuse(request, query)
    if not wants_fragment(request):
        return show_page(request, query, None, cursor)
    try:
        rows = _read_list(request, query, cursor)
    except CursorError:
        return _refuse(request, query, invalid_cursor=True)
    return render(request, "inbox/rows.html", page_context(request, query) | {"list": rows})


@list_fragment
def updates(request: HttpRequest, page: str) -> HttpResponse:
    """What has changed since the page was loaded. An open page asks every POLL_SECONDS.

    `idle_polls.py` has answered before when the version that the page sends is the present one.
    """
    profiles = Profiles.of(request.user)
    version = inbox_version(request, profiles)
    shown = ShownList.of(request.GET)
    query = InboxQuery.of(request, page)
    if query.errors:
        return HttpResponse(status=204)
    changes = read_updates(request.user, query, shown, version)
    context = page_context(request, query, profiles) | {"updates": changes, "open_id": shown.open_id}
    context |= pane_context(request, query, shown.open_id, seen_id=shown.seen_id)[0]
    return render(request, "inbox/updates.html", context)


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
    user, context = request.user, page_context(request, query)
    # Before the rows are read, so that a later change is noticed.
    version = inbox_version(request, context["profiles"])
    rows = _read_list(request, query, cursor)
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


def _read_list(request: HttpRequest, query: InboxQuery, cursor: str | None) -> ListPage:
    at = now()
    return read_within_limits(request.user, lambda: read_list(query, request.user, cursor, at))


def pane_context(
    request: HttpRequest,
    query: InboxQuery,
    id: int | None,
    composer: Composer | None = None,
    *,
    seen_id: int | None = None,
) -> tuple[dict[str, Any], int]:
    """The template variables of the pane, and the status of a page that has it.

    A pane with unread rows has them marked as read once it is shown; those up to `seen_id` were shown before.
    """
    if id is None:
        return {"pane": None}, 200
    try:
        pane = _read_pane(request, id, request.GET.get("rows"), composer)
    except Thread.DoesNotExist:
        return {"pane": None, "is_gone": True, "unsent": composer.text if composer else ""}, 404
    except CursorError:
        pane = _read_pane(request, id, None, composer)
    marks_read = pane.has_unread_after(seen_id)
    return {"pane": pane, "open_id": pane.thread.pk, "marks_read": marks_read}, 200


def _read_pane(request: HttpRequest, id: int, cursor: str | None, composer: Composer | None) -> Pane:
    thread = find_thread(request.user, id)
    return read_within_limits(request.user, lambda: read_pane(thread, request.user, cursor, composer))
