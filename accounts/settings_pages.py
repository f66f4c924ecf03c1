"""The pages under /settings/ of the user's own preferences and API tokens. Routed by `accounts/urls.py`."""

from zoneinfo import ZoneInfo

from django.contrib.auth import logout
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.decorators import form_target, refuse_form, user_page, wants_fragment
from accounts.forms import PreferencesForm, TokenForm
from accounts.models import User
from accounts.next_message import show_next
from accounts.preferences import Theme
from accounts.time_zones import shown_zone
from accounts.tokens import (
    MAX_TOKENS,
    PasswordChanged,
    TokenNameTaken,
    issue_token,
    revoke_token,
    tokens_of,
)
from accounts.zone_names import time_zones

PAGE_METHODS = ["GET", "HEAD", "POST"]


@user_page
@require_http_methods(PAGE_METHODS)
def preferences(request: HttpRequest) -> HttpResponse:
    """Show the preferences, and store what the user changes, each change at once."""
    user = User.objects.get(pk=request.user.pk)  # not the request's, which the form's clean changes
    if request.method != "POST":
        return _render_preferences(request, PreferencesForm(instance=user))
    form = PreferencesForm(request.POST, instance=user)
    if not form.is_valid():
        return _render_preferences(request, form)
    form.store()
    if wants_fragment(request):
        return _render_preferences(request, PreferencesForm(instance=user), saved=True)
    show_next(request, _("Saved."))
    return redirect("settings")


def _render_preferences(request: HttpRequest, form: PreferencesForm, *, saved: bool = False) -> HttpResponse:
    there = timezone.localtime(timezone=ZoneInfo(shown_zone(form.initial["time_zone"], request) or "UTC"))
    form.fields["time_zone"].widget.attrs["placeholder"] = shown_zone("", request) or "UTC"
    context = {
        "form": form,
        "saved": saved,
        "time_zones": sorted(time_zones()),
        "clock": f"{there:%H:%M} {there.tzname()}",
    }
    template = "settings/preferences_form.html" if wants_fragment(request) else "settings/preferences.html"
    return render(request, template, context)


@form_target("settings")
def theme(request: HttpRequest) -> HttpResponse:
    """Store the theme that the user chose in the account menu; 422 for an unknown one."""
    chosen = request.POST.get("theme")
    if chosen not in Theme.values:
        return refuse_form(request, _("Choose a theme of the list."))
    User.objects.filter(pk=request.user.pk).update(theme=chosen)
    if wants_fragment(request):
        return HttpResponse(status=204)
    came_from = request.headers.get("Referer", "")
    is_ours = url_has_allowed_host_and_scheme(came_from, {request.get_host()}, request.is_secure())
    return redirect(came_from if is_ours else "settings")


@user_page
@require_http_methods(PAGE_METHODS)
def tokens(request: HttpRequest) -> HttpResponse:
    """List the API tokens, and make one; only the answer to that shows it."""
    if request.method != "POST":
        return _render_tokens(request, TokenForm())
    form = TokenForm(request.POST)
    if not form.is_valid():
        return _render_tokens(request, form)
    try:
        token = issue_token(request.user, timezone.now(), form.cleaned_data["name"])
    except TokenNameTaken:
        form.add_error(
            "name", _("You have a token of that name. Choose another name, or revoke that token first.")
        )
        return _render_tokens(request, form)
    except PasswordChanged:
        logout(request)
        return redirect("settings-tokens")
    return _render_tokens(request, TokenForm(), token=token, token_name=form.cleaned_data["name"])


def _render_tokens(request: HttpRequest, form: TokenForm, **made: str) -> HttpResponse:
    context = {"form": form, "tokens": tokens_of(request.user), "max_tokens": MAX_TOKENS, **made}
    template = "settings/tokens_section.html" if wants_fragment(request) else "settings/tokens.html"
    return render(request, template, context)


@form_target("settings-tokens")
def revoke(request: HttpRequest, id: str) -> HttpResponse:
    """Delete an API token: what uses it is refused from then on."""
    if not revoke_token(request.user, id):
        raise Http404
    show_next(request, _("The token is revoked."))
    return redirect("settings-tokens")
