"""The section of the settings with the authors whom the user has blocked; they are blocked in the inbox."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.decorators import form_target, user_page
from accounts.next_message import show_next
from interactions.cursors import CursorError, read_page
from interactions.models import BlockedAuthor
from interactions.moderation.blocking import unblock as unblock_author

PAGE_SIZE = 50


@user_page
@require_safe
def blocked(request: HttpRequest) -> HttpResponse:
    """The blocked authors, the latest first; the first page for an invalid cursor."""
    rows = BlockedAuthor.objects.visible_to(request.user).select_related("profile")
    try:
        page = read_page(rows, request.user, request.GET.get("cursor"), PAGE_SIZE)
    except CursorError:
        return redirect("settings-blocked")
    return render(request, "settings/blocked.html", {"page": page})


@form_target("settings-blocked")
def unblock(request: HttpRequest, id: str) -> HttpResponse:
    """Unblock an author. What is hidden stays hidden."""
    row = get_object_or_404(BlockedAuthor.objects.visible_to(request.user), pk=id)
    unblock_author(row)
    sentence = _("%(name)s is not blocked any more. What is hidden stays hidden; unhide it where you want.")
    show_next(request, sentence % {"name": row.display_author.name})
    return redirect("settings-blocked")
