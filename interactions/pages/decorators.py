"""Which requests the views of the inbox's pages answer themselves; the others are led to a whole page."""

from collections.abc import Callable
from functools import wraps

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from accounts.decorators import View, user_page, wants_fragment
from interactions.pages.inbox_query import InboxQuery

FORM, FRAGMENT = ("GET", "POST"), ("GET", "HEAD")  # the methods of each


def form_view(view: View) -> View:
    """A view that a form posts to. A GET, such as the one after a log-in, shows the list."""
    return _view(view, FORM, _is_post, _list_address)


def thread_form_view(view: View) -> View:
    """A view that a form of the thread `id` posts to. A GET shows the thread."""
    return _view(view, FORM, _is_post, _thread_address)


def list_fragment(view: View) -> View:
    """A view that htmx loads into the list. A browser that opens its address is led to the list."""
    return _view(view, FRAGMENT, wants_fragment, _list_address)


def thread_fragment(view: View) -> View:
    """A view that htmx loads into the pane of the thread `id`. A browser that opens its address is led to the thread."""
    return _view(view, FRAGMENT, wants_fragment, _thread_address)


def _view(
    view: View,
    methods: tuple[str, str],
    is_answered: Callable[[HttpRequest], bool],
    page_address: Callable[[InboxQuery, dict[str, str]], str],
) -> View:
    @user_page
    @require_http_methods(methods)
    @wraps(view)
    def checked(request: HttpRequest, page: str, **named: str) -> HttpResponse:
        if not is_answered(request):
            return redirect(page_address(InboxQuery.from_request(request, page), named))
        return view(request, page, **named)

    return checked


def _is_post(request: HttpRequest) -> bool:
    return request.method == "POST"


def _list_address(query: InboxQuery, named: dict[str, str]) -> str:
    return query.address


def _thread_address(query: InboxQuery, named: dict[str, str]) -> str:
    return query.thread_address(int(named["id"]))
