"""The pages of posts: their cards, and one post with its threads. Routed by `interactions/pages/urls.py`."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe
from rest_framework.exceptions import APIException, Throttled

from accounts.decorators import user_page, wants_fragment
from interactions.cursors import CursorError
from interactions.models import Content
from interactions.pages.inbox_list import Profiles
from interactions.pages.inbox_query import InboxQuery
from interactions.pages.post_cards import read_cards, read_large
from interactions.pages.post_filters import filter_menus
from interactions.pages.post_query import PostQuery
from interactions.pages.post_threads import older_address, read_threads, threads_query
from interactions.problems import StatementTimeout, TooManyLongReads, headers_of
from interactions.read_limits import read_within_limits

TOO_SLOW = (StatementTimeout, TooManyLongReads, Throttled)


@user_page
@require_safe
def posts(request: HttpRequest) -> HttpResponse:
    """The user's posts, newest first. htmx asks for the next cards alone and appends them."""
    query = PostQuery.from_request(request)
    if query.errors:
        return _show_list(request, query, problem="invalid", status=400)
    cursor = request.GET.get("cursor")
    now = timezone.now()
    try:
        page = read_within_limits(request.user, lambda: read_cards(query, request.user, cursor, now))
    except CursorError:
        return _show_list(request, query, problem="no page", status=404)
    except TOO_SLOW as error:
        return _too_slow(error, _show_list(request, query, problem="too slow", status=error.status_code))
    addresses = {"newer_address": query.at(page.newer), "older_address": query.at(page.older)}
    return _show_list(request, query, page=page, **addresses)


@user_page
@require_safe
def post(request: HttpRequest, id: str) -> HttpResponse:
    """One post with its figures and threads; 404 for a deleted post and another user's. htmx appends the next threads."""
    rows = Content.objects.visible_to(request.user).select_related("profile")
    shown = get_object_or_404(rows, pk=int(id))
    query = threads_query(shown, request.GET.get("status", ""))
    if query.errors:
        return _show_post(request, shown, query, errors=query.errors, status=400)
    cursor = request.GET.get("cursor")
    now = timezone.now()
    try:
        threads = read_within_limits(
            request.user, lambda: read_threads(query, shown, request.user, cursor, now)
        )
    except CursorError:
        return _show_post(request, shown, query, status=404)
    return _show_post(
        request, shown, query, threads=threads, older_address=older_address(query, shown, threads)
    )


def _show_list(request: HttpRequest, query: PostQuery, *, status: int = 200, **context: Any) -> HttpResponse:
    """Return the page, or for htmx the cards alone."""
    context |= {"query": query, "profiles": Profiles.of(request.user)}
    if wants_fragment(request):
        return render(request, "posts/cards.html", context, status=status)
    context["menus"] = filter_menus(query, context["profiles"].rows, timezone.localdate())
    return render(request, "posts/list.html", context, status=status)


def _show_post(
    request: HttpRequest, shown: Content, query: InboxQuery, *, status: int = 200, **context: Any
) -> HttpResponse:
    """Return the page, or for htmx the rows of its threads alone."""
    context |= {"post": shown, "query": query, "profiles": Profiles.of(request.user)}
    if wants_fragment(request):
        return render(request, "posts/threads.html", context, status=status)
    now = timezone.now()
    try:
        context["large"] = read_within_limits(request.user, lambda: read_large(shown, now))
    except Content.DoesNotExist as error:
        raise Http404 from error
    return render(request, "posts/post.html", context, status=status)


def _too_slow(error: APIException, response: HttpResponse) -> HttpResponse:
    for name, value in headers_of(error).items():
        response[name] = value
    return response
