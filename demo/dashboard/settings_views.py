"""The view of the page Settings: how many posts, comments and messages a demo gets, and when. Routed by `demo/urls.py`."""

from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.decorators import user_page
from accounts.next_message import show_next
from accounts.zone_names import time_zones
from demo.access import demo_allowed
from demo.dashboard.forms import SettingsForm
from demo.dashboard.schedule import settings_in_words
from demo.exceptions import InvalidOption, InvalidState
from demo.lifecycle import transitions
from demo.lifecycle.activation import account_or_default
from demo.models import DemoAccount, State
from demo.status import notices
from demo.throttling import SwitchThrottle, count_click
from demo.windows import WINDOW_KINDS
from interactions import ages
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
        moment = now()
        account = transitions.change_settings(request.user, moment, form.changes)
    except (InvalidState, InvalidOption) as error:
        form.add_error(None, str(error))
        return _render(request, form, status=409 if isinstance(error, InvalidState) else 200)
    show_next(request, _confirmation(account, moment))
    return redirect("settings-demo")


def _render(request: HttpRequest, form: SettingsForm, status: int = 200) -> HttpResponse:
    account = account_or_default(
        request.user
    )  # as stored, without the changes that the form has made to its instance
    form.show_times(timezone.now())  # only shown, so the web server's clock will do
    context = {
        "form": form,
        "account": account,
        "sentences": settings_in_words(account, timezone.now()),
        "notices": notices(account),
        "allowed": demo_allowed(request.user),
        "time_zones": sorted(time_zones()),
    }
    return render(request, "demo/settings.html", context, status=status)


def _confirmation(account: DemoAccount, now: datetime) -> str:
    """A sentence that says from when on the new settings apply."""
    if account.state in (State.OFF, State.DISABLING):
        return _("Saved. The settings apply when demo mode is switched on.")
    if account.state == State.PAUSED:
        return _("Saved. The settings apply when the demo is resumed.")
    local = timezone.localtime(now)
    times = {
        kind.name: ages.moment(timezone.localtime(account.start_of_next(kind)), local)
        for kind in WINDOW_KINDS.values()
    }
    return (
        _(
            "Saved. The settings apply from the next planning on: comments and messages %(interactions)s,"
            " posts %(content)s."
        )
        % times
    )
