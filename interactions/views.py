"""The inbox's pages: comments and direct messages, newest first."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.pages import for_users, wants_part
from interactions.models import Interaction
from interactions.paging import MOST_COUNTED, CursorError, Page, read_page

PAGE_SIZE = 25
NO_PAGE = Page([], None, None)


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
    """The page at the cursor that the address names; 404 with a link to the newest when the text is not a cursor."""
    rows = Interaction.objects.visible_to(request.user).filter(type=type)
    counted = rows.filter(direction=Interaction.Direction.IN)[: MOST_COUNTED + 1].count()
    shown = {"page": NO_PAGE, "title": title, "count": counted, "most": MOST_COUNTED}
    try:
        shown["page"] = read_page(
            rows.select_related("profile", "content", "parent"),
            *(request.user, request.GET.get("cursor"), PAGE_SIZE),
        )
    except CursorError:
        return render(request, _template(request), shown | {"wrong_place": True}, status=404)
    return render(request, _template(request), shown)


def _template(request: HttpRequest) -> str:
    """Links load whole pages; tabs that are open since an older version ask for the list alone."""
    return "interactions/page.html" if wants_part(request) else "interactions/inbox.html"
