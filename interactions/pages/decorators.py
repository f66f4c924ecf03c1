"""Which requests the views of the inbox's pages answer themselves; the others are led to a whole page."""

from collections.abc import Callable
from functools import wraps

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_safe

from accounts.decorators import View, user_page, wants_fragment
from interactions.pages.inbox_query import InboxQuery


def form_view(view: View) -> Callable[..., HttpResponse]:
    """A view that a form posts to. A GET, such as the one after a log-in, shows the list."""

    @user_page
    @require_http_methods(["GET", "POST"])
    @wraps(view)
    def get_or_post(request: HttpRequest, page: str, **named: str) -> HttpResponse:
        if request.method == "GET":
            return redirect(InboxQuery.from_request(request, page).address)
        return view(request, page, **named)

    return get_or_post


def list_fragment(view: View) -> Callable[..., HttpResponse]:
    """A view that htmx loads into the list. A browser that opens its address is led to the list."""
    return _fragment(view, lambda query, named: query.address)


def thread_fragment(view: View) -> Callable[..., HttpResponse]:
    """A view that htmx loads into the pane of the thread `id`. A browser that opens its address is led to the thread."""
    return _fragment(view, lambda query, named: query.thread_address(int(named["id"])))


def _fragment(view: View, whole: Callable[[InboxQuery, dict[str, str]], str]) -> Callable[..., HttpResponse]:
    @user_page
    @require_safe
    @wraps(view)
    def fragment(request: HttpRequest, page: str, **named: str) -> HttpResponse:
        if not wants_fragment(request):
            return redirect(whole(InboxQuery.from_request(request, page), named))
        return view(request, page, **named)

    return fragment
