"""The dashboard: the switch, live progress, and what happens next. The settings: how much comes, and when."""

from collections.abc import Callable
from functools import wraps

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dateformat import format as date_format
from django.utils.text import capfirst
from django.views.decorators.http import require_http_methods, require_safe

from accounts.decorators import View, user_page, wants_fragment
from accounts.models import Platform
from demo import simulator
from demo.access import demo_allowed
from demo.dashboard.forms import EnableForm, SettingsForm
from demo.dashboard.progress import progress_of
from demo.dashboard.status import notices, shown_account, stored, upcoming
from demo.exceptions import InvalidOption, InvalidState
from demo.lifecycle import scenarios, transitions
from demo.models import DemoAccount, State, time_zones
from demo.throttling import (
    AdvanceThrottle,
    EnableThrottle,
    PerDemo,
    ResetThrottle,
    ScenarioThrottle,
    SwitchThrottle,
    count_click,
)
from demo.windows import INTERACTIONS, next_cleanup
from interactions.clock import now

ACTIONS: dict[str, Callable] = {
    "disable": transitions.disable,
    "pause": lambda user: transitions.pause(user, now()),
    "resume": lambda user: transitions.resume(user, now()),
    "reset": transitions.reset,
}
ON_STAGE: dict[str, Callable] = {
    "start": lambda user, name: scenarios.start(user, name, now()),
    "cancel": lambda user, name: scenarios.cancel(user, name, now()),
}
MOVING = (State.ENABLING, State.DISABLING)


@user_page
@require_safe
def dashboard(request: HttpRequest) -> HttpResponse:
    return render(request, "demo/dashboard.html", shown(request))


@user_page
@require_safe
def panel(request: HttpRequest) -> HttpResponse:
    """The part of the dashboard that htmx asks for again and again; all of it for who opens the address."""
    return render(request, _page(request), shown(request))


def button(press: View) -> View:
    """The address that a button of the dashboard posts to; whoever opens it sees the dashboard."""

    @user_page
    @require_http_methods(["GET", "POST"])
    @wraps(press)
    def pressed(request: HttpRequest, **named: str) -> HttpResponse:
        if request.method == "GET":
            return redirect("dashboard")
        if not demo_allowed(request.user):
            raise PermissionDenied
        return press(request, **named)

    return pressed


@button
def act(request: HttpRequest, action: str) -> HttpResponse:
    """Switch demo mode on or off, pause, resume or start over."""
    if action == "enable":
        return _enable(request)
    if action not in ACTIONS:
        raise Http404
    limit = ResetThrottle if action == "reset" else SwitchThrottle
    return _do(request, lambda: ACTIONS[action](request.user), limit)


@button
def advance(request: HttpRequest, days: str) -> HttpResponse:
    def once() -> None:
        account = shown_account(request.user)
        if not (account.is_advancing and account.advance_days == int(days)):  # the button was pressed twice
            transitions.advance(request.user, int(days), now())

    return _do(request, once, AdvanceThrottle)


@button
def act_on_scenario(request: HttpRequest, name: str, action: str) -> HttpResponse:
    if name not in simulator.SCENARIOS:
        raise Http404
    return _do(request, lambda: ON_STAGE[action](request.user, name), ScenarioThrottle)


def _enable(request: HttpRequest) -> HttpResponse:
    """Switch demo mode on as the form asks; what it asks wrongly is shown beside the fields."""
    form = EnableForm(request.POST)
    try:
        count_click(request.user, EnableThrottle)
    except InvalidState as error:
        return _answer(request, str(error))
    if form.is_valid():
        try:
            transitions.enable(request.user, now(), **form.options)
            return _answer(request)
        except InvalidState as error:
            return _answer(request, str(error))
        except InvalidOption as error:
            form.add_error(None, str(error))
    return render(request, _page(request), shown(request) | {"form": form})


def _do(request: HttpRequest, act: Callable[[], object], limit: type[PerDemo]) -> HttpResponse:
    """Do it and show what has become of the demo, or why it is not possible now."""
    try:
        count_click(request.user, limit)
        act()
    except (InvalidState, InvalidOption) as error:
        return _answer(request, str(error))
    return _answer(request)


def _answer(request: HttpRequest, refused: str = "") -> HttpResponse:
    if request.htmx:
        return render(request, "demo/panel.html", shown(request) | {"refused": refused})
    if refused:
        list(
            messages.get_messages(request)
        )  # those that nobody has seen go, or a session would grow without end
        messages.error(request, capfirst(refused))
    return redirect("dashboard")


def _page(request: HttpRequest) -> str:
    return "demo/panel.html" if wants_fragment(request) else "demo/dashboard.html"


def shown(request: HttpRequest) -> dict:
    """What the panel shows of the user's demo."""
    account = shown_account(request.user)
    return {
        "account": account,
        "starting_over": account.state == State.DISABLING and account.reset_requested,
        "form": EnableForm.of(account),
        "allowed": demo_allowed(request.user),
        "progress": progress_of(account),
        "stored": stored(account),
        "stage": _stage(account),
        "upcoming": [_named(event) for event in upcoming(account)],
        "next_cleanup": next_cleanup(timezone.now()),  # only shown: not worth a query
        "notices": notices(account),
        "refresh": 1 if account.state in MOVING or account.is_advancing or account.is_resuming else 15,
    }


def _stage(account: DemoAccount) -> list[dict]:
    """Every scenario, and whether it is running."""
    running = {one.name: one for one in scenarios.running_by_account([account])[account.pk]}
    return [
        {"name": name, "label": label, "explanation": explanation, "running": running.get(name)}
        for name, (label, explanation) in simulator.SCENARIOS.items()
    ]


def _named(event: dict) -> dict:
    """An event to come, with the names that people read of its platform and of its scenario."""
    scenario, _ = simulator.SCENARIOS.get(event["origin"], ("", ""))
    return event | {"platform_name": Platform(event["platform"]).label, "scenario": scenario}


@user_page
@require_http_methods(["GET", "HEAD", "POST"])
def settings(request: HttpRequest) -> HttpResponse:
    """The schedule of the user's demo, to be read and changed, also while it is off."""
    if request.method == "POST":
        return _save(request)
    return _settings(request, SettingsForm(instance=shown_account(request.user)))


def _save(request: HttpRequest) -> HttpResponse:
    """Change the settings as the form asks; what it asks wrongly, or at a wrong time, is shown with what was typed."""
    if not demo_allowed(request.user):
        raise PermissionDenied
    form = SettingsForm(request.POST, instance=shown_account(request.user))
    if not form.is_valid():
        return _settings(request, form)
    try:
        count_click(request.user, SwitchThrottle)
        account = transitions.change_settings(request.user, now(), form.changes)
    except (InvalidState, InvalidOption) as error:
        form.add_error(None, str(error))
        return _settings(request, form, status=409 if isinstance(error, InvalidState) else 200)
    messages.success(request, _saved(account))
    return redirect("demo-settings")


def _settings(request: HttpRequest, form: SettingsForm, status: int = 200) -> HttpResponse:
    account = shown_account(request.user)  # as it stands, whatever the form asks
    shown = {
        "title": "Settings",
        "form": form,
        "account": account,
        "comments_a_day": account.comments_per_window * INTERACTIONS.per_day,
        "messages_a_day": account.messages_per_window * INTERACTIONS.per_day,
        "notices": notices(account),
        "allowed": demo_allowed(request.user),
        "time_zones": sorted(time_zones()),
    }
    return render(request, "demo/settings.html", shown, status=status)


def _saved(account: DemoAccount) -> str:
    """From when on the settings count."""
    if account.state in (State.OFF, State.DISABLING):
        return "Saved; they hold when demo mode is switched on."
    if account.state == State.PAUSED:
        return "Saved; they hold from the first window after the demo is resumed."
    interactions, content = (
        date_format(start, "D j M, H:i")
        for start in (account.next_interactions_window, account.next_content_window)
    )
    return f"Saved. From the next window on: interactions {interactions} UTC, content {content} UTC."
