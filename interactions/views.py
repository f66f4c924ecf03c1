"""The pages Comments and Messages: the user's rows, newest first. Routed by `interactions/urls.py`."""

from typing import NamedTuple

from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.decorators import user_page, wants_fragment
from interactions.cursors import MAX_COUNTED, CursorError, Page, read_page
from interactions.models import Interaction, InteractionQuerySet
from interactions.read_limits import read_within_limits
from interactions.recipients import recipients

PAGE_SIZE = 25
NO_PAGE = Page([], None, None)


class Counts(NamedTuple):
    """The number of rows on all pages of a list, at most MAX_COUNTED + 1, and how many of them were received."""

    total: int = 0
    received: int = 0

    @property
    def sent(self) -> int:
        return self.total - self.received


@user_page
@require_safe
def comments(request: HttpRequest) -> HttpResponse:
    """The user's comments, each with its post."""
    return _inbox(request, Interaction.Type.COMMENT, "Comments")


@user_page
@require_safe
def messages(request: HttpRequest) -> HttpResponse:
    """The user's direct messages."""
    return _inbox(request, Interaction.Type.MESSAGE, "Messages")


def _inbox(request: HttpRequest, type: str, title: str) -> HttpResponse:
    """Return the page at the cursor in the query; 404 with a link to the first page when the cursor is invalid."""
    rows = Interaction.objects.visible_to(request.user).filter(type=type)
    try:
        page, counts = read_within_limits(request.user, lambda: _read(rows, request))
    except CursorError:
        return _render(request, title, NO_PAGE, Counts(), status=404)
    return _render(request, title, page, counts)


def _render(request: HttpRequest, title: str, page: Page, counts: Counts, status: int = 200) -> HttpResponse:
    context = {
        "page": page,
        "title": title,
        "noun": title.lower().removesuffix("s"),
        "counts": counts,
        "max_counted": MAX_COUNTED,
        "invalid_cursor": status == 404,
    }
    return render(request, _template(request), context, status=status)


def _template(request: HttpRequest) -> str:
    """Links load whole pages; only tabs that were opened with an older version request the list as a fragment."""
    return "interactions/page.html" if wants_fragment(request) else "interactions/inbox.html"


def _read(rows: InteractionQuerySet, request: HttpRequest) -> tuple[Page, Counts]:
    """Read the requested page and count the rows of all pages."""
    page = read_page(rows.with_quotes(), request.user, request.GET.get("cursor"), PAGE_SIZE)
    messages = [row for row in page.rows if row.type == Interaction.Type.MESSAGE]
    recipient_by_key = recipients(messages, request.user)
    for row in page.rows:
        _set_quotes(row)
        row.recipient = recipient_by_key.get(row.pk)
    received = Count("pk", filter=Q(direction=Interaction.Direction.IN))
    counted = rows[: MAX_COUNTED + 1].aggregate(total=Count("pk"), received=received)
    return page, Counts(**counted)


def _set_quotes(row: Interaction) -> None:
    """Set the texts of the row's content and parent to their first characters, which the page shows."""
    if row.content:
        row.content.text = row.content_quote
    if row.parent:
        row.parent.text = row.parent_quote
