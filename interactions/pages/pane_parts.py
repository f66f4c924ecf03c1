"""What the pane of a thread loads later: the person, saved replies when their menu opens, and whole texts. Routed by `urls.py`."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.decorators import user_page, wants_fragment
from accounts.models import User
from interactions.models import Content, Interaction, Note, Thread
from interactions.pages.decorators import thread_fragment
from interactions.pages.inbox_query import InboxQuery
from interactions.pages.thread_pane import filled_replies, find_thread, read_person
from interactions.read_limits import read_within_limits

UNCHANGED = 204  # htmx leaves the page as it is
TEXTS = ("rows", "notes", "posts")  # of which there are whole texts


@thread_fragment
def person(request: HttpRequest, page: str, id: str) -> HttpResponse:
    """The person of a thread: who they are, and what else they wrote."""
    try:
        thread = find_thread(request.user, int(id))
    except Thread.DoesNotExist:
        return HttpResponse(status=UNCHANGED)
    found = read_within_limits(request.user, lambda: read_person(thread, request.user))
    context = {"person": found, "thread": thread, "query": InboxQuery.from_request(request, page)}
    return render(request, "inbox/person.html", context)


@thread_fragment
def saved_replies(request: HttpRequest, page: str, id: str) -> HttpResponse:
    """The user's saved replies, filled in for the person of the thread."""
    try:
        thread = find_thread(request.user, int(id))
    except Thread.DoesNotExist:
        return HttpResponse(status=UNCHANGED)
    context = {"replies": filled_replies(thread, request.user)}
    return render(request, "inbox/saved_replies.html", context)


@user_page
@require_safe
def text(request: HttpRequest, page: str, kind: str, id: str) -> HttpResponse:
    """The whole text of a row, note or post, in place of its beginning; a page of its own without htmx."""
    found = _text(request.user, kind, int(id))
    context: dict[str, Any] = {
        "query": InboxQuery.from_request(request, page),
        "kind": kind,
        "pk": id,
        "text": found,
    }
    if not wants_fragment(request):
        if found is None:
            raise Http404
        return render(request, "inbox/text_page.html", context)
    return HttpResponse(status=UNCHANGED) if found is None else render(request, "inbox/text.html", context)


def _text(user: User, kind: str, id: int) -> str | None:
    rows = {
        "rows": Interaction.objects.visible_to(user),
        "notes": Note.objects.filter(profile__owner=user),
        "posts": Content.objects.visible_to(user),
    }
    return rows[kind].filter(pk=id).values_list("text", flat=True).first()
