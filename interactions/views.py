"""The inbox's pages: comments and direct messages, newest first."""

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from interactions.models import Interaction

PAGE_SIZE = 25


@login_required
@require_safe
def comments(request: HttpRequest) -> HttpResponse:
    """The user's comments, each with its piece."""
    return _inbox(request, Interaction.Type.COMMENT, "Comments")


@login_required
@require_safe
def messages(request: HttpRequest) -> HttpResponse:
    """The user's direct messages."""
    return _inbox(request, Interaction.Type.MESSAGE, "Messages")


def _inbox(request: HttpRequest, type: str, title: str) -> HttpResponse:
    page = Paginator(inbox(request, type), PAGE_SIZE).get_page(request.GET.get("page"))
    template = "interactions/page.html" if request.htmx else "interactions/inbox.html"
    return render(request, template, {"page": page, "title": title})


def inbox(request: HttpRequest, type: str) -> QuerySet[Interaction]:
    rows = Interaction.objects.visible_to(request.user).filter(type=type)
    return rows.select_related("profile", "content", "parent").order_by("-posted_at", "-id")
