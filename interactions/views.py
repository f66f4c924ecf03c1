"""The inbox's pages: comments and direct messages, newest first."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.pages import for_users, wants_part
from interactions.models import Interaction, InteractionQuerySet
from interactions.paging import MOST_COUNTED, CursorError, Page, read_page
from interactions.turns import read_in_turn

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
    try:
        page, count = read_in_turn(request.user, lambda: _read(rows, request))
    except CursorError:
        return _page(request, title, NO_PAGE, 0, status=404)
    return _page(request, title, page, count)


def _page(request: HttpRequest, title: str, page: Page, count: int, status: int = 200) -> HttpResponse:
    shown = {"page": page, "title": title, "count": count, "most": MOST_COUNTED, "wrong_place": status == 404}
    return render(request, _template(request), shown, status=status)


def _template(request: HttpRequest) -> str:
    """Links load whole pages; tabs that are open since an older version ask for the list alone."""
    return "interactions/page.html" if wants_part(request) else "interactions/inbox.html"


def _read(rows: InteractionQuerySet, request: HttpRequest) -> tuple[Page, int]:
    """The page that was asked for, and how many were received, counted as far as a list says it."""
    page = read_page(rows.with_quotes(), request.user, request.GET.get("cursor"), PAGE_SIZE)
    for row in page.rows:
        _quote(row)
    return page, rows.filter(direction=Interaction.Direction.IN)[: MOST_COUNTED + 1].count()


def _quote(row: Interaction) -> None:
    """Give its piece and its parent the beginnings of their texts, which is all that a page shows of them."""
    if row.content:
        row.content.text = row.content_quote
    if row.parent:
        row.parent.text = row.parent_quote
