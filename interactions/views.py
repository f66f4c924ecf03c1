"""The inbox's pages: comments and direct messages, newest first."""

from typing import NamedTuple

from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.decorators import for_users, wants_part
from interactions.cursors import MAX_COUNTED, CursorError, Page, read_page
from interactions.models import Interaction, InteractionQuerySet
from interactions.read_limits import read_in_turn
from interactions.recipients import recipients

PAGE_SIZE = 25
NO_PAGE = Page([], None, None)


class Tally(NamedTuple):
    """How many rows a list holds on all its pages, counted to MAX_COUNTED + 1, and how many of these were received."""

    total: int = 0
    received: int = 0

    @property
    def sent(self) -> int:
        return self.total - self.received


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
        page, tally = read_in_turn(request.user, lambda: _read(rows, request))
    except CursorError:
        return _page(request, title, NO_PAGE, Tally(), status=404)
    return _page(request, title, page, tally)


def _page(request: HttpRequest, title: str, page: Page, tally: Tally, status: int = 200) -> HttpResponse:
    shown = {"page": page, "title": title, "tally": tally, "most": MAX_COUNTED, "wrong_place": status == 404}
    return render(request, _template(request), shown, status=status)


def _template(request: HttpRequest) -> str:
    """Links load whole pages; tabs that are open since an older version ask for the list alone."""
    return "interactions/page.html" if wants_part(request) else "interactions/inbox.html"


def _read(rows: InteractionQuerySet, request: HttpRequest) -> tuple[Page, Tally]:
    """The page that was asked for, and how many rows there are, counted as far as a list says it."""
    page = read_page(rows.with_quotes(), request.user, request.GET.get("cursor"), PAGE_SIZE)
    written_to = recipients([row for row in page.rows if row.type == Interaction.Type.MESSAGE], request.user)
    for row in page.rows:
        _quote(row)
        row.recipient = written_to.get(row.pk)
    received = Count("pk", filter=Q(direction=Interaction.Direction.IN))
    counted = rows[: MAX_COUNTED + 1].aggregate(total=Count("pk"), received=received)
    return page, Tally(**counted)


def _quote(row: Interaction) -> None:
    """Give its piece and its parent the beginnings of their texts, which is all that a page shows of them."""
    if row.content:
        row.content.text = row.content_quote
    if row.parent:
        row.parent.text = row.parent_quote
