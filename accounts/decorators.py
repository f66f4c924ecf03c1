"""Decorators and checks shared by the pages of all apps: access for logged-in users, htmx fragments, failed CSRF checks."""

from collections.abc import Callable
from functools import wraps
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_http_methods
from django_htmx.http import HttpResponseClientRedirect, HttpResponseClientRefresh

View = Callable[..., HttpResponse]


def wants_fragment(request: HttpRequest) -> bool:
    """Whether htmx asks for a fragment of a page; what it restores from the browser's history must be a whole page."""
    return bool(request.htmx) and not request.htmx.history_restore_request


def user_page(view: View) -> View:
    """Allow logged-in users only.

    A fragment requested after the session ended makes htmx open the log-in, which says so; after another user logged in
    htmx reloads the whole page.
    """
    page = login_required(view)

    @wraps(view)
    def checked(request: HttpRequest, *args, **kwargs) -> HttpResponse:
        if wants_fragment(request) and not _is_same_user(request):
            is_ended = not request.user.is_authenticated
            response = _open_log_in(request) if is_ended else HttpResponseClientRefresh()
        else:
            response = page(request, *args, **kwargs)
        patch_vary_headers(response, ("HX-Request", "HX-History-Restore-Request"))
        return response

    return checked


def form_target(page: str) -> Callable[[View], View]:
    """Return a decorator of a view that a form posts to; a GET, as after a log-in, shows the page with that URL name."""

    def decorate(view: View) -> View:
        @user_page
        @require_http_methods(["GET", "HEAD", "POST"])
        @wraps(view)
        def checked(request: HttpRequest, *args, **kwargs) -> HttpResponse:
            return view(request, *args, **kwargs) if request.method == "POST" else redirect(page)

        return checked

    return decorate


def refuse_form(request: HttpRequest, why: str) -> HttpResponse:
    """Return a page with the sentence, for a value that no form of the pages sends. The caller changes nothing."""
    return render(request, "400.html", {"why": why}, status=422)


def _is_same_user(request: HttpRequest) -> bool:
    """Whether the logged-in user is the one the open page was made for (header X-User)."""
    user = request.user
    return user.is_authenticated and request.headers.get("X-User", str(user.pk)) == str(user.pk)


def _open_log_in(request: HttpRequest) -> HttpResponse:
    query = {"next": request.htmx.current_url_abs_path or "/", "ended": "1"}
    return HttpResponseClientRedirect(f"{reverse('login')}?{urlencode(query)}")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Django's CSRF_FAILURE_VIEW; the page says which cause it was: a stale form, another site's form, or no cookies."""
    if request.htmx:
        return HttpResponseClientRefresh()
    other_site = reason.startswith(("Origin checking failed", "Referer checking failed"))
    stale = settings.CSRF_COOKIE_NAME in request.COOKIES
    cause = "other_site" if other_site else "stale" if stale else "no_cookie"
    return render(request, "403.html", {"csrf": cause}, status=403)
