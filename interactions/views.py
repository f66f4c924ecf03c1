"""The inbox's pages: comments and direct messages, newest first."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.pages import for_users
from interactions.models import Interaction
from interactions.paging import MOST_COUNTED, CursorError, read_page

PAGE_SIZE = 25


@for_users
@require_safe
def comments(request: HttpRequest) -> HttpResponse:
    """The user's comments, each with its piece."""
    return _inbox(request, Interaction.Type.COMMENT, "Comments")


@for_users
@require_safe
def messages(request: HttpRequest) -> HttpResponse:
    """The user's direct messages."""
    return _inbox(request, Interaction.Type.MESSAGE, "Messages")


def _inbox(request: HttpRequest, type: str, title: str) -> HttpResponse:
    rows = Interaction.objects.visible_to(request.user).filter(type=type)
    shown = rows.select_related("profile", "content", "parent")
    try:
        page = read_page(shown, request.user, request.GET.get("cursor"), PAGE_SIZE)
    except CursorError as error:
        raise Http404 from error
    template = "interactions/page.html" if request.htmx else "interactions/inbox.html"
    counted = rows.filter(direction=Interaction.Direction.IN)[: MOST_COUNTED + 1].count()
    return render(request, template, {"page": page, "title": title, "count": counted, "most": MOST_COUNTED})
