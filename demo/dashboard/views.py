"""The views of the dashboard: state, progress, scenarios, upcoming events, and the buttons. Routed by `demo/urls.py`."""

from collections.abc import Callable, Mapping
from functools import wraps

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.text import capfirst
from django.views.decorators.http import require_http_methods, require_safe

from accounts.decorators import View, user_page, wants_fragment
from accounts.models import User
from accounts.platforms import PLATFORMS
from demo import simulator
from demo.access import demo_allowed
from demo.dashboard.forms import EnableForm
from demo.dashboard.progress import progress_of
from demo.dashboard.status import notices, stored, upcoming
from demo.exceptions import InvalidOption, InvalidState
from demo.lifecycle import scenarios, transitions
from demo.lifecycle.activation import account_or_default
from demo.models import DemoAccount, State
from demo.throttling import (
    AdvanceThrottle,
    DemoThrottle,
    EnableThrottle,
    ResetThrottle,
    ScenarioThrottle,
    SwitchThrottle,
    count_click,
)
from demo.windows import INTERACTION_WINDOWS, WINDOW_KINDS, next_cleanup
from interactions.clock import now

SCENARIO_ACTIONS: dict[str, Callable] = {
    "start": lambda user, name: scenarios.start(user, name, now()),
    "cancel": lambda user, name: scenarios.cancel(user, name, now()),
}
FAST_REFRESH, SLOW_REFRESH = 1, 15  # seconds between two requests of the panel


@user_page
@require_safe
def dashboard(request: HttpRequest) -> HttpResponse:
    return render(request, "demo/dashboard.html", panel_context(request))


@user_page
@require_safe
def panel(request: HttpRequest) -> HttpResponse:
    """The panel, which htmx requests again and again; the whole dashboard for a browser that opens the address."""
    return render(request, _template(request), panel_context(request))


def button(view: View) -> View:
    """A view that a button of the dashboard posts to. A GET shows the dashboard; DEMO_ALLOWED may forbid the rest."""

    @user_page
    @require_http_methods(["GET", "POST"])
    @wraps(view)
    def wrapper(request: HttpRequest, **named: str) -> HttpResponse:
        if request.method == "GET":
            return redirect("dashboard")
        if not demo_allowed(request.user):
            raise PermissionDenied
        return view(request, **named)

    return wrapper


@button
def act(request: HttpRequest, action: str) -> HttpResponse:
    """Switch demo mode on or off, pause, resume or start over."""
    if action not in ACTIONS:
        raise Http404
    return ACTIONS[action](request)


@button
def advance(request: HttpRequest, days: str) -> HttpResponse:
    """Skip ahead by `days`; a second click on the same button changes nothing."""

    def advance_once() -> None:
        account = account_or_default(request.user)
        if not (account.is_advancing and account.advance_days == int(days)):
            transitions.advance(request.user, int(days), now())

    return _run(request, advance_once, AdvanceThrottle)


@button
def act_on_scenario(request: HttpRequest, name: str, action: str) -> HttpResponse:
    """Start or cancel a scenario."""
    if name not in simulator.SCENARIOS:
        raise Http404
    return _run(request, lambda: SCENARIO_ACTIONS[action](request.user, name), ScenarioThrottle)


def _enable(request: HttpRequest) -> HttpResponse:
    """Switch demo mode on with the form's options; an invalid form is shown again with its errors."""
    form = EnableForm(request.POST)
    try:
        count_click(request.user, EnableThrottle)
    except InvalidState as error:
        return _respond(request, str(error))
    if form.is_valid():
        try:
            transitions.enable(request.user, now(), **form.options)
            return _respond(request)
        except InvalidState as error:
            return _respond(request, str(error))
        except InvalidOption as error:
            form.add_error(None, str(error))
    return render(request, _template(request), panel_context(request) | {"form": form})


def _run(request: HttpRequest, action: Callable[[], object], throttle: type[DemoThrottle]) -> HttpResponse:
    """Run the action and show the demo afterwards, or why the action was refused."""
    try:
        count_click(request.user, throttle)
        action()
    except (InvalidState, InvalidOption) as error:
        return _respond(request, str(error))
    return _respond(request)


def _transition(change: Callable[[User], object], throttle: type[DemoThrottle]) -> View:
    return lambda request: _run(request, lambda: change(request.user), throttle)


ACTIONS: Mapping[str, View] = {
    "enable": _enable,
    "disable": _transition(transitions.disable, SwitchThrottle),
    "pause": _transition(lambda user: transitions.pause(user, now()), SwitchThrottle),
    "resume": _transition(lambda user: transitions.resume(user, now()), SwitchThrottle),
    "reset": _transition(transitions.reset, ResetThrottle),
}


def _respond(request: HttpRequest, refusal: str = "") -> HttpResponse:
    if request.htmx:
        return render(request, "demo/panel.html", panel_context(request) | {"refusal": refusal})
    if refusal:
        list(
            messages.get_messages(request)
        )  # removes messages not shown yet, or the session would grow without bound
        messages.error(request, capfirst(refusal))
    return redirect("dashboard")


def _template(request: HttpRequest) -> str:
    return "demo/panel.html" if wants_fragment(request) else "demo/dashboard.html"


def panel_context(request: HttpRequest) -> dict:
    """The template variables of the panel: the user's demo as it is now."""
    account = account_or_default(request.user)
    return {
        "account": account,
        "state_label": _state_label(account),
        "starting_over": _is_starting_over(account),
        "window_hours": INTERACTION_WINDOWS.hours,
        "form": EnableForm.of(account),
        "allowed": demo_allowed(request.user),
        "progress": progress_of(account),
        "stored": stored(account),
        "scenarios": _scenarios(account),
        "upcoming": [_with_names(event) for event in upcoming(account)],
        "next_windows": [(kind.label, account.start_of_next(kind)) for kind in WINDOW_KINDS.values()],
        "next_cleanup": next_cleanup(timezone.now()),  # only shown, so the web server's clock will do
        "notices": notices(account),
        "refresh": FAST_REFRESH if _is_changing(account) else SLOW_REFRESH,
    }


def _is_starting_over(account: DemoAccount) -> bool:
    return account.state == State.DISABLING and account.reset_requested


def _state_label(account: DemoAccount) -> str:
    """The state in the words of the buttons."""
    if _is_starting_over(account):
        return "starting over"
    return {State.ENABLING: "switching on", State.DISABLING: "switching off"}.get(
        account.state, account.state
    )


def _is_changing(account: DemoAccount) -> bool:
    """Whether a worker is changing the demo, so that the panel should follow closely."""
    return account.state in (State.ENABLING, State.DISABLING) or account.is_advancing or account.is_resuming


def _scenarios(account: DemoAccount) -> list[dict]:
    """Every scenario, and whether it is running."""
    running = {one.name: one for one in scenarios.running_by_account([account])[account.pk]}
    return [
        {"name": name, "label": label, "explanation": explanation, "running": running.get(name)}
        for name, (label, explanation) in simulator.SCENARIOS.items()
    ]


def _with_names(event: dict) -> dict:
    """An upcoming event, with the display names of its platform and its scenario."""
    scenario, _ = simulator.SCENARIOS.get(event["origin"], ("", ""))
    return event | {"platform_name": PLATFORMS[event["platform"]].label, "scenario": scenario}
