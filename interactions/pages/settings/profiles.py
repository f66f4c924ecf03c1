"""The section of the settings with the user's profiles: connect, rotate the signing secret, delete.

A secret is shown once, in the answer to the form that made it; it is neither in the session nor in a log.
"""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.decorators import form_target, refuse_form, user_page, wants_fragment
from accounts.forms import sent_data
from accounts.models import MAX_LIVE_PROFILES, Profile, ProfileConnected, SecretRotated, TooManyProfiles
from accounts.next_message import show_next
from accounts.platforms import PLATFORMS
from interactions.cursors import CursorError, read_page
from interactions.pages.settings.forms import ProfileForm
from interactions.profile_deletion import delete_profile

PAGE_SIZE = 50
KEEP, END = "keep", "end"  # what a rotation does with the secret before


@user_page
@require_safe
def profiles(request: HttpRequest) -> HttpResponse:
    """The user's profiles, live and demo ones, newest first; the first page for an invalid cursor."""
    try:
        page = read_page(Profile.objects.all(), request.user, request.GET.get("cursor"), PAGE_SIZE)
    except CursorError:
        return redirect("settings-profiles")
    for profile in page.rows:
        profile.webhook_url = _webhook_url(request, profile)
    return render(request, "settings/profiles.html", {"page": page})


@user_page
@require_http_methods(["GET", "HEAD", "POST"])
def connect(request: HttpRequest) -> HttpResponse:
    """The form that connects a live profile; the answer shows its secret."""
    form = ProfileForm(sent_data(request))
    if request.method == "POST" and form.is_valid():
        try:
            profile = Profile.objects.connect(request.user, **form.values)
        except ProfileConnected:
            form.add_error("platform_id", _("You have connected this profile already."))
        except TooManyProfiles:
            form.add_error(
                None,
                _("You have %(number)d profiles, which is the maximum. Delete one first.")
                % {"number": MAX_LIVE_PROFILES},
            )
        else:
            return _render(request, profile, secret=profile.webhook_secret, is_new=True)
    hints = {name: _(spec.profile_id_help) for name, spec in PLATFORMS.items()}
    return render(request, "settings/profile_new.html", {"form": form, "hints": hints})


@user_page
@require_safe
def profile(request: HttpRequest, id: str) -> HttpResponse:
    """One profile: its webhook address, the rotation of its secret, and its deletion."""
    return _render(request, get_object_or_404(Profile.objects.owned_by(request.user), pk=id))


@form_target("settings-profiles")
def rotate(request: HttpRequest, id: str) -> HttpResponse:
    """Give the profile a new secret, which only this answer shows; a repeated request changes nothing.

    422 for an unknown value of `previous`, which may ask for the end of a secret that somebody else knows.
    """
    row = _live_profile(request, id)
    previous = request.POST.get("previous") or KEEP
    if previous not in (KEEP, END):
        return refuse_form(request, _("Choose whether the current secret stays valid."))
    keep_previous = previous == KEEP
    try:
        secret = row.rotate_secret(keep_previous=keep_previous, mark=request.POST.get("mark", ""))
    except SecretRotated:
        row.refresh_from_db()
        return _render(request, row, was_rotated=True)
    row.refresh_from_db()
    return _render(request, row, secret=secret)


@form_target("settings-profiles")
def delete(request: HttpRequest, id: str) -> HttpResponse:
    """Delete the profile with all its rows, if its handle was typed."""
    row = _live_profile(request, id)
    typed = request.POST.get("handle", "").strip().removeprefix("@")
    if typed != row.handle:
        return _render(request, row, wrong_handle=True)
    try:
        delete_profile(request.user, row.pk)
    except Profile.DoesNotExist as error:
        raise Http404 from error
    sentence = _("@%(handle)s is deleted, with all its posts, comments and messages.")
    show_next(request, sentence % {"handle": row.handle})
    return redirect("settings-profiles")


def _live_profile(request: HttpRequest, id: str) -> Profile:
    """The profile; 404 for one of a demo, which is changed by nothing but the demo."""
    return get_object_or_404(Profile.objects.owned_by(request.user), pk=id, is_demo=False)


def _webhook_url(request: HttpRequest, profile: Profile) -> str:
    return request.build_absolute_uri(reverse("webhook", args=[profile.uuid]))


def _render(request: HttpRequest, profile: Profile, **shown: Any) -> HttpResponse:
    context = {
        "profile": profile,
        "webhook_url": _webhook_url(request, profile),
        "keep": KEEP,
        "end": END,
        **shown,
    }
    template = "settings/profile_secret.html" if wants_fragment(request) else "settings/profile.html"
    return render(request, template, context)
