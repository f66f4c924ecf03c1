"""What the pages of every app share: who may see them."""

from collections.abc import Callable
from functools import wraps

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django_htmx.http import HttpResponseClientRefresh

Page = Callable[..., HttpResponse]


def for_users(page: Page) -> Page:
    """Let in who is logged in. A part of a page whose session has ended is loaded anew as a whole, which shows the log-in."""
    whole = login_required(page)

    @wraps(page)
    def guarded(request: HttpRequest, *args, **kwargs) -> HttpResponse:
        if request.htmx and not request.user.is_authenticated:
            return HttpResponseClientRefresh()
        return whole(request, *args, **kwargs)

    return guarded


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Django's CSRF_FAILURE_VIEW: the form is older than the session, or cookies are off."""
    if request.htmx:
        return HttpResponseClientRefresh()
    return render(request, "403.html", {"csrf": True}, status=403)
