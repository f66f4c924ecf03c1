"""The view of the page Settings: how many posts, comments and messages a demo gets, and when. Routed by `demo/urls.py`."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.dateformat import format as date_format
from django.utils.timezone import localtime
from django.views.decorators.http import require_http_methods

from accounts.decorators import user_page
from accounts.zone_names import time_zones
from demo.access import demo_allowed
from demo.dashboard.forms import SettingsForm
from demo.dashboard.status import notices
from demo.exceptions import InvalidOption, InvalidState
from demo.lifecycle import transitions
from demo.lifecycle.activation import account_or_default
from demo.models import DemoAccount, State
from demo.throttling import SwitchThrottle, count_click
from demo.windows import CLEANUP_TIMES, CONTENT_WINDOWS, INTERACTION_WINDOWS, WINDOW_KINDS
from interactions.clock import now


@user_page
@require_http_methods(["GET", "HEAD", "POST"])
def settings_page(request: HttpRequest) -> HttpResponse:
    """Show and change the settings of the user's demo, also while it is off."""
    if request.method == "POST":
        return _save(request)
    return _render(request, SettingsForm(instance=account_or_default(request.user)))


def _save(request: HttpRequest) -> HttpResponse:
    """Change the settings. A refused form is shown again with the user's input and the error; 409 for InvalidState."""
    if not demo_allowed(request.user):
        raise PermissionDenied
    form = SettingsForm(request.POST, instance=account_or_default(request.user))
    if not form.is_valid():
        return _render(request, form)
    try:
        count_click(request.user, SwitchThrottle)
        account = transitions.change_settings(request.user, now(), form.changes)
    except (InvalidState, InvalidOption) as error:
        form.add_error(None, str(error))
        return _render(request, form, status=409 if isinstance(error, InvalidState) else 200)
    messages.success(request, _confirmation(account))
    return redirect("demo-settings")


def _render(request: HttpRequest, form: SettingsForm, status: int = 200) -> HttpResponse:
    account = account_or_default(
        request.user
    )  # as stored, without the changes that the form has made to its instance
    context = {
        "title": "Settings",
        "form": form,
        "account": account,
        "window_hours": INTERACTION_WINDOWS.hours,
        "default_posting_time": CONTENT_WINDOWS.first_start,
        "cleanup_times": CLEANUP_TIMES,
        "comments_a_day": account.comments_per_window * INTERACTION_WINDOWS.per_day,
        "messages_a_day": account.messages_quota * INTERACTION_WINDOWS.per_day,
        "notices": notices(account),
        "allowed": demo_allowed(request.user),
        "time_zones": sorted(time_zones()),
    }
    return render(request, "demo/settings.html", context, status=status)


def _confirmation(account: DemoAccount) -> str:
    """A sentence that says from when on the new settings apply."""
    if account.state in (State.OFF, State.DISABLING):
        return "Saved. The settings apply when demo mode is switched on."
    if account.state == State.PAUSED:
        return "Saved. The settings apply when the demo is resumed."
    starts = ", ".join(
        f"{kind.label} from {date_format(localtime(account.start_of_next(kind)), 'D j M, H:i T')}"
        for kind in WINDOW_KINDS.values()
    )
    return f"Saved. The settings apply from the next planning on: {starts}."
