"""What the pages of every app share: who may see them."""

from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django_htmx.http import HttpResponseClientRefresh

Page = Callable[..., HttpResponse]


def wants_part(request: HttpRequest) -> bool:
    """Whether htmx asks for a part of a page; what it restores from the browser's history has to be whole."""
    return bool(request.htmx) and not request.htmx.history_restore_request


def for_users(page: Page) -> Page:
    """Let in who is logged in. A part of a page whose session has ended, or is somebody else's by now, is loaded anew
    as a whole, which shows the log-in or that user's own page.
    """
    whole = login_required(page)

    @wraps(page)
    def guarded(request: HttpRequest, *args, **kwargs) -> HttpResponse:
        if wants_part(request) and not _is_theirs(request):
            answer = HttpResponseClientRefresh()
        else:
            answer = whole(request, *args, **kwargs)
        patch_vary_headers(answer, ("HX-Request", "HX-History-Restore-Request"))
        return answer

    return guarded


def _is_theirs(request: HttpRequest) -> bool:
    """Whether the page that asks, which names the user that it was made for, is that of who is logged in."""
    user = request.user
    return user.is_authenticated and request.headers.get("X-User", str(user.pk)) == str(user.pk)


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Django's CSRF_FAILURE_VIEW: the form is from before a log-in or log-out, another site's, or cookies are off."""
    if request.htmx:
        return HttpResponseClientRefresh()
    elsewhere = reason.startswith(("Origin checking failed", "Referer checking failed"))
    why = "elsewhere" if elsewhere else "old" if settings.CSRF_COOKIE_NAME in request.COOKIES else "no_cookie"
    return render(request, "403.html", {"csrf": why}, status=403)
