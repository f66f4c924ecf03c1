"""The dashboard: the switch, live progress, and what happens next."""

from collections.abc import Callable

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import Platform
from accounts.pages import for_users
from demo import lifecycle
from demo.access import demo_allowed
from demo.forms import EnableForm
from demo.models import State
from demo.progress import progress_of
from demo.states import NotPossible, WrongOption
from demo.status import notices, shown_account, stored, upcoming
from demo.windows import next_cleanup

ACTIONS: dict[str, Callable] = {
    "disable": lifecycle.disable,
    "pause": lambda user: lifecycle.pause(user, timezone.now()),
    "resume": lambda user: lifecycle.resume(user, timezone.now()),
    "reset": lifecycle.reset,
}
MOVING = (State.ENABLING, State.DISABLING)


@for_users
@require_safe
def dashboard(request: HttpRequest) -> HttpResponse:
    return render(request, "demo/dashboard.html", shown(request))


@for_users
@require_safe
def panel(request: HttpRequest) -> HttpResponse:
    """The part of the dashboard that htmx asks for again and again."""
    return render(request, "demo/panel.html", shown(request))


@for_users
@require_http_methods(["GET", "POST"])
def act(request: HttpRequest, action: str) -> HttpResponse:
    """One button of the dashboard; whoever opens its address sees the dashboard."""
    if request.method == "GET":
        return redirect("dashboard")
    if not demo_allowed(request.user):
        raise PermissionDenied
    if action == "enable":
        return _enable(request)
    if action not in ACTIONS:
        raise Http404
    return _answer(request, _refusal(lambda: ACTIONS[action](request.user)))


def _enable(request: HttpRequest) -> HttpResponse:
    """Switch demo mode on as the form asks; what it asks wrongly is shown beside the fields."""
    form = EnableForm(request.POST)
    if not form.is_valid():
        return render(request, _page(request), shown(request) | {"form": form})
    try:
        refused = _refusal(lambda: lifecycle.enable(request.user, timezone.now(), **form.options))
    except WrongOption as error:
        form.add_error(None, str(error))
        return render(request, _page(request), shown(request) | {"form": form})
    return _answer(request, refused)


def _refusal(act: Callable[[], object]) -> str:
    """Do it; why it is not possible now, or nothing."""
    try:
        act()
    except NotPossible as error:
        return str(error)
    return ""


def _answer(request: HttpRequest, refused: str) -> HttpResponse:
    if request.htmx:
        return render(request, "demo/panel.html", shown(request) | {"refused": refused})
    if refused:
        messages.error(request, refused)
    return redirect("dashboard")


def _page(request: HttpRequest) -> str:
    return "demo/panel.html" if request.htmx else "demo/dashboard.html"


def shown(request: HttpRequest) -> dict:
    """What the panel shows of the user's demo."""
    account = shown_account(request.user)
    return {
        "account": account,
        "form": EnableForm.of(account),
        "allowed": demo_allowed(request.user),
        "progress": progress_of(account),
        "stored": stored(account),
        "upcoming": [
            event | {"platform_name": Platform(event["platform"]).label} for event in upcoming(account)
        ],
        "next_cleanup": next_cleanup(timezone.now()),
        "notices": notices(account),
        "refresh": 1 if account.state in MOVING else 15,
    }
