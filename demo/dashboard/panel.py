"""What the dashboard shows of a demo, by its state. Called by the dashboard's views."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.declarations import check_table
from accounts.models import User
from demo.access import demo_allowed
from demo.dashboard.arrivals import Bar, arrivals_by_day, bars, newest_arrivals
from demo.dashboard.banner import banner_of
from demo.dashboard.forms import NICHE_LABELS, EnableForm
from demo.dashboard.scenario_cards import scenario_cards
from demo.dashboard.schedule import schedule_text
from demo.dashboard.timeline import first_arrivals_text, timeline
from demo.lifecycle.activation import account_or_default
from demo.models import COUNTED_TYPES, DemoAccount, State
from demo.progress import progress_of
from demo.status import count_stored, notices

FAST_REFRESH, SLOW_REFRESH = 1, 15  # seconds between two requests of the panel


@dataclass(frozen=True)
class Kind:
    """How the dashboard shows one of COUNTED_TYPES."""

    icon: str
    label: Promise


KINDS = {
    "content": Kind("image", _("Posts")),
    "comments": Kind("message-circle", _("Comments")),
    "messages": Kind("mail", _("Messages")),
}
check_table("KINDS in demo/dashboard/panel.py", KINDS, COUNTED_TYPES)

STATE_LABELS = {
    State.OFF: _("Off"),
    State.ENABLING: _("Switching on"),
    State.FAILED: _("Failed"),
    State.ACTIVE: _("Active"),
    State.PAUSED: _("Paused"),
    State.DISABLING: _("Switching off"),
}
check_table("STATE_LABELS in demo/dashboard/panel.py", STATE_LABELS, State.values)


@dataclass(frozen=True)
class Figure:
    """The rows of a kind in the inbox, and how many arrived on each of the past days."""

    name: str
    kind: Kind
    count: int
    today: int
    bars: list[Bar]


def panel_context(user: User, now: datetime) -> dict[str, Any]:
    """The template variables of the panel: the user's demo as it is now. Those that its state does not show are not read."""
    account = account_or_default(user)
    common = {
        "account": account,
        "kinds": KINDS,
        "niche_label": NICHE_LABELS[account.niche],
        "allowed": demo_allowed(user),
        "state_label": _state_label(account),
        "is_starting_over": _is_starting_over(account),
        "notices": notices(account),
        "refresh": FAST_REFRESH if _is_changing(account) else SLOW_REFRESH,
    }
    return common | _CONTEXTS[State(account.state)](account, now)


def _off_context(account: DemoAccount, now: datetime) -> dict[str, Any]:
    return {"form": EnableForm.of(account), "demo_banner": None}


def _progress_context(account: DemoAccount, now: datetime) -> dict[str, Any]:
    progress = progress_of(account)
    return {
        "progress": progress,
        "tallies": [(name, KINDS[name], tally) for name, tally in progress.tallies.items() if tally.total],
        "arrivals": newest_arrivals(account) if progress.done else [],
        "demo_banner": banner_of(account, progress.done),
    }


def _running_context(account: DemoAccount, now: datetime) -> dict[str, Any]:
    progress = progress_of(account)
    counts = arrivals_by_day(account, now)
    scenarios = scenario_cards(account)
    return {
        "progress": progress,
        "figures": [
            Figure(name, KINDS[name], count, counts[name][-1], bars(counts[name]))
            for name, count in count_stored(account).items()
        ],
        "scenarios": scenarios,
        "running_scenarios": [scenario.name for scenario in scenarios if scenario.running],
        "first_arrivals": first_arrivals_text(account, now),
        "days": timeline(account, now),
        "schedule": schedule_text(account),
        "profiles": list(account.profiles.order_by("pk")),
        "demo_banner": banner_of(account, progress.done),
    }


def _removing_context(account: DemoAccount, now: datetime) -> dict[str, Any]:
    return {"left": sum(count_stored(account).values()), "demo_banner": banner_of(account)}


_CONTEXTS = {
    State.OFF: _off_context,
    State.ENABLING: _progress_context,
    State.FAILED: _progress_context,
    State.ACTIVE: _running_context,
    State.PAUSED: _running_context,
    State.DISABLING: _removing_context,
}
check_table("_CONTEXTS in demo/dashboard/panel.py", _CONTEXTS, State.values)


def _is_starting_over(account: DemoAccount) -> bool:
    return account.state == State.DISABLING and account.reset_requested


def _state_label(account: DemoAccount) -> Promise:
    """The state in the words of the buttons."""
    if _is_starting_over(account):
        return _("Starting over")
    if account.is_advancing:
        return _("Skipping ahead")
    if account.is_resuming:
        return _("Resuming")
    return STATE_LABELS[State(account.state)]


def _is_changing(account: DemoAccount) -> bool:
    """Whether a worker is changing the demo, so that the panel should follow closely."""
    return account.state in (State.ENABLING, State.DISABLING) or account.is_advancing or account.is_resuming
