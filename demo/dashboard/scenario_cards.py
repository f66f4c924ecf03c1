"""The scenarios as the dashboard shows them: icon, label, explanation and progress. Called by the panel."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from accounts.declarations import check_table
from demo import simulator
from demo.lifecycle.scenarios import RunningScenario, running_by_account
from demo.models import DemoAccount

# The icons of the scenarios in `perennial/icons.svg`.
ICONS: Mapping[str, str] = {
    "viral-spike": "flame",
    "complaint-wave": "thumbs-down",
    "product-launch": "rocket",
}
check_table("ICONS in demo/dashboard/scenario_cards.py", ICONS, simulator.SCENARIO_PLANS)


@dataclass(frozen=True)
class ScenarioCard:
    """A scenario, and of a running one how many of its events have come, out of how many."""

    name: str
    icon: str
    label: str
    explanation: str
    running: RunningScenario | None
    done: int
    total: int


def scenario_cards(account: DemoAccount) -> list[ScenarioCard]:
    """One card for each scenario, in one query."""
    running = {one.name: one for one in running_by_account([account])[account.pk]}
    return [_card(account, name, running.get(name)) for name in simulator.SCENARIO_PLANS]


def _card(account: DemoAccount, name: str, running: RunningScenario | None) -> ScenarioCard:
    plan = simulator.SCENARIO_PLANS[name]
    total = plan.event_count(account.has_messages)
    explanation = _(plan.explanation).format(comments=plan.comments, messages=plan.messages)
    done = max(total - running.left, 0) if running else 0
    return ScenarioCard(name, ICONS[name], _(plan.label), explanation, running, done, total)
