"""Turns what an action did into a response: the pane, the list brought up to date, and a toast. Called by the actions of the pages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from accounts.decorators import wants_fragment
from accounts.next_message import show_next
from interactions.models import BulkJob, SavedView
from interactions.pages.inbox import PANE, page_context, pane_context, show_page
from interactions.pages.inbox_query import InboxQuery
from interactions.pages.inbox_updates import inbox_version, read_updates
from interactions.pages.shown_list import ShownList
from interactions.pages.thread_pane import Composer


class Refused(Exception):
    """The action is not possible; the message is a sentence that says what to do."""


@dataclass(frozen=True)
class Undo:
    """The form that takes an action back: its address and its fields."""

    address: str
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """What an action did: the sentence that a toast shows, how to undo it, and which thread the pane shows then.

    `composer` is the form below the thread after a reply or note; `job` a bulk change that a worker makes; `views` are the
    user's saved views, if these have changed.
    """

    sentence: str = ""
    undo: Undo | None = None
    open_id: int | None = None
    composer: Composer | None = None
    job: BulkJob | None = None
    views: Sequence[SavedView] | None = None
    status: int = 200

    @property
    def is_refusal(self) -> bool:
        return self.status >= 400


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
        pane, _ = pane_context(request, query, outcome.open_id, outcome.composer, seen_id=shown.seen_id)
        context |= pane | {"with_pane": True}
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
