"""The views of the dashboard: state, progress, scenarios, upcoming events, and the buttons. Routed by `demo/urls.py`."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from accounts.decorators import View, user_page, wants_fragment
from accounts.models import User
from accounts.next_message import show_next
from demo import simulator
from demo.access import demo_allowed
from demo.dashboard.banner import stored_banner
from demo.dashboard.forms import EnableForm
from demo.dashboard.panel import panel_context
from demo.dashboard.schedule import counts_in_words
from demo.exceptions import InvalidOption, InvalidState
from demo.lifecycle import on_demand, scenarios, transitions
from demo.lifecycle.activation import account_or_default
from demo.models import State
from demo.throttling import (
    AdvanceThrottle,
    DemoThrottle,
    EnableThrottle,
    GenerateThrottle,
    ResetThrottle,
    ScenarioThrottle,
    SwitchThrottle,
    count_click,
)
from interactions.clock import now

GENERATORS: Mapping[str, Callable[..., on_demand.GenerationResult]] = {
    "posts": on_demand.generate_content,
    "interactions": on_demand.generate_interactions,
}
SCENARIO_ACTIONS: dict[str, Callable] = {
    "start": lambda user, name: scenarios.start(user, name, now()),
    "cancel": lambda user, name: scenarios.cancel(user, name, now()),
}


@user_page
@require_safe
def dashboard(request: HttpRequest) -> HttpResponse:
    return render(request, "demo/dashboard.html", _context(request))


@user_page
@require_safe
def panel(request: HttpRequest) -> HttpResponse:
    """The panel, which htmx requests again and again; the whole dashboard for a browser that opens the address."""
    context = _context(request)
    return _show(request, context=context, done=_ended_sentence(request, context))


@user_page
@require_safe
def banner(request: HttpRequest) -> HttpResponse:
    """The banner, which pages request again while the state changes; the dashboard for a browser that opens the address."""
    if not wants_fragment(request):
        return redirect("dashboard")
    shown = stored_banner(request.user)
    done = _off_sentence(request, State.OFF if shown is None else shown.account.state)
    return render(request, "banner.html", {"demo_banner": shown, "done": done})


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
def change_state(request: HttpRequest, action: str) -> HttpResponse:
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

    return _run_throttled(request, advance_once, AdvanceThrottle)


@button
def generate(request: HttpRequest, what: str) -> HttpResponse:
    """Bring posts, or comments and messages, now."""

    def bring() -> str:
        try:
            return _arrival_sentence(GENERATORS[what](request.user, now()))
        except (on_demand.NotDelivered, on_demand.TooManyDeliveries) as error:
            raise InvalidState(str(error)) from error

    return _run_throttled(request, bring, GenerateThrottle)


@button
def act_on_scenario(request: HttpRequest, name: str, action: str) -> HttpResponse:
    """Start or cancel a scenario."""
    if name not in simulator.SCENARIOS:
        raise Http404
    return _run_throttled(request, lambda: SCENARIO_ACTIONS[action](request.user, name), ScenarioThrottle)


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
    return _show(request, form=form)


def _run_throttled(
    request: HttpRequest, action: Callable[[], object], throttle: type[DemoThrottle]
) -> HttpResponse:
    """Run the action and show the demo afterwards, with the sentence that it returns, or why it was refused."""
    try:
        count_click(request.user, throttle)
        done = action()
    except (InvalidState, InvalidOption) as error:
        return _respond(request, refusal=str(error))
    return _respond(request, done=done if isinstance(done, str) else "")


def _state_change_view(change: Callable[[User], object], throttle: type[DemoThrottle]) -> View:
    return lambda request: _run_throttled(request, lambda: change(request.user), throttle)


ACTIONS: Mapping[str, View] = {
    "enable": _enable,
    "disable": _state_change_view(transitions.disable, SwitchThrottle),
    "pause": _state_change_view(lambda user: transitions.pause(user, now()), SwitchThrottle),
    "resume": _state_change_view(lambda user: transitions.resume(user, now()), SwitchThrottle),
    "reset": _state_change_view(transitions.reset, ResetThrottle),
}


def _respond(request: HttpRequest, refusal: str = "", done: str = "") -> HttpResponse:
    if request.htmx:
        return _show(request, refusal=refusal, done=done)
    if refusal or done:
        show_next(request, capfirst(refusal) or done, is_error=bool(refusal))
    return redirect("dashboard")


def _show(request: HttpRequest, context: dict[str, Any] | None = None, **more: object) -> HttpResponse:
    """The panel for htmx, else the whole dashboard; `context` is that of the panel when it has been read already."""
    template = "demo/fragment.html" if wants_fragment(request) else "demo/dashboard.html"
    return render(request, template, (context or _context(request)) | more)


def _ended_sentence(request: HttpRequest, context: dict[str, Any]) -> str:
    """What has ended since the panel that requests itself again was shown: the demo, or scenarios; "" when nothing has."""
    state = context["account"].state
    if state != State.ACTIVE:
        return _off_sentence(request, state)
    ended = set(request.GET.getlist("running")) - set(context["running_scenarios"])
    labels = [_(plan.label) for name, plan in simulator.SCENARIO_PLANS.items() if name in ended]
    sentence = ngettext(
        "This scenario has ended: %(names)s.", "These scenarios have ended: %(names)s.", len(labels)
    )
    return sentence % {"names": ", ".join(labels)} if labels else ""


def _off_sentence(request: HttpRequest, state: str) -> str:
    """That the demo is deleted, when the page showed that it was being deleted; else ""."""
    if state == State.OFF and request.GET.get("shown") == State.DISABLING:
        return _("Demo mode is off, and all data of the demo is deleted.")
    return ""


def _context(request: HttpRequest) -> dict[str, Any]:
    return panel_context(request.user, timezone.now())  # only shown, so the web server's clock will do


def _arrival_sentence(result: on_demand.GenerationResult) -> str:
    """A sentence that says what has been delivered."""
    arrived = counts_in_words(asdict(result).items())
    return _("%(counted)s arrived.") % {"counted": arrived} if arrived else _("Nothing arrived.")
