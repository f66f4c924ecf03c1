"""Turns what an action did into a response: the pane, the list brought up to date, and a toast. Called by the actions of the pages."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from accounts.decorators import wants_fragment
from accounts.next_message import show_next
from interactions.pages.inbox_query import InboxQuery
from interactions.pages.inbox_updates import inbox_version, read_updates
from interactions.pages.outcome import Outcome
from interactions.pages.rendering import PANE, page_context, pane_context, show_page
from interactions.pages.shown_list import ShownList


def shows_pane(request: HttpRequest) -> bool:
    """Whether the answer to the request shows the pane: alone for htmx, else in the page."""
    return request.htmx.target == PANE if wants_fragment(request) else True


def respond(request: HttpRequest, query: InboxQuery, outcome: Outcome) -> HttpResponse:
    """Return fragments for htmx; without it a redirect to the thread or the list, where a message has the sentence.

    A text that was refused is shown by the answer itself.
    """
    if not wants_fragment(request):
        return _respond_to_form(request, query, outcome)
    context = page_context(request, query) | {"outcome": outcome}
    is_of_pane = shows_pane(request)
    # Without the pane the next poll reads everything, as a row of the open thread may have arrived meanwhile.
    version = inbox_version(request, context["profiles"]) if is_of_pane else None
    shown = ShownList.of(request.POST)
    if is_of_pane:
        shown = shown.with_open(outcome.open_id)
        context |= pane_context(request, query, outcome.open_id, outcome.composer, seen_id=shown.seen_id)
        context["with_pane"] = True
    context["open_id"] = shown.open_id
    context["updates"] = None if query.errors else read_updates(request.user, query, shown, version)
    return render(request, "inbox/outcome.html", context, status=outcome.status)


def _respond_to_form(request: HttpRequest, query: InboxQuery, outcome: Outcome) -> HttpResponse:
    if outcome.composer:
        options = {"composer": outcome.composer, "code": outcome.status}
        return show_page(request, query, outcome.open_id, **options)
    if outcome.sentence:
        show_next(request, outcome.sentence, is_error=outcome.is_refusal)
    return redirect(query.address if outcome.open_id is None else query.thread_address(outcome.open_id))
