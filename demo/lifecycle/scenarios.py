"""Starts and cancels scenarios: extra events within the next hours, on top of every quota. Called by the API and pages.

A scenario's events have its name as their origin. They count against no quota and later windows do not depend on them.
A scenario is running while it has undelivered events.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Max, QuerySet
from django.utils.translation import gettext as _

from accounts.models import User
from demo import simulator
from demo.engine import story
from demo.exceptions import InvalidState
from demo.lifecycle.locking import check_active, locked_account
from demo.lifecycle.row_limit import check_row_limit
from demo.lifecycle.transitions import Transition, plan_open_windows_or_refuse
from demo.models import DemoAccount, State, StoryEvent

SCENARIO_NAMES = tuple(simulator.SCENARIOS)
DAY = timedelta(days=1)
MAX_PER_DAY = 1_000  # events of scenarios in one demo; about as many as in its initial batch


@dataclass(frozen=True)
class RunningScenario:
    """A running scenario: its name, the number of undelivered events left, and when the last of them is due."""

    name: str
    left: int
    until: datetime


def start(user: User, name: str, now: datetime) -> Transition:
    """Plan a scenario that begins at `now`; if it is running already, do nothing.

    Open windows are planned first. Raises LookupError for an unknown name. Raises InvalidState unless the demo is
    active, not advancing and below its row limit, and when it has no recent post or had MAX_PER_DAY scenario events.
    """
    _check_name(name)
    with locked_account(user) as account:
        check_active(account)
        if _undelivered(account, name).exists():
            return Transition(account, started=False)
        check_row_limit(account)
        plan_open_windows_or_refuse(account, now)
        _plan(account, name, now)
    account.refresh_from_db()
    return Transition(account, started=True)


def cancel(user: User, name: str, now: datetime) -> Transition:
    """Delete a scenario's undelivered events that are not leased for HTTP.

    Raises LookupError for an unknown name, and InvalidState while the demo is off.
    """
    _check_name(name)
    with locked_account(user) as account:
        if account.state == State.OFF:
            raise InvalidState(_("Demo mode is off; there is nothing to cancel."))
        undelivered = _undelivered(account, name)
        cancelled = undelivered.exclude(pk__in=undelivered.leased(now).values("pk")).delete()[0]
    return Transition(account, started=bool(cancelled))


def running_by_account(accounts: Iterable[DemoAccount]) -> dict[int | None, list[RunningScenario]]:
    """The running scenarios of each account, by its primary key and in order of their names, in one query."""
    accounts = list(accounts)
    undelivered = StoryEvent.objects.undelivered_by_account_index().filter(
        account__in=[account.pk for account in accounts if account.pk], origin__in=SCENARIO_NAMES
    )
    counts = (
        undelivered.values_list("account", "origin").annotate(Count("pk"), Max("due_at")).order_by("origin")
    )
    running: dict[int | None, list[RunningScenario]] = defaultdict(list)
    for account, *columns in counts:
        running[account].append(RunningScenario(*columns))
    return {account.pk: running[account.pk] for account in accounts}


def _check_name(name: str) -> None:
    if name not in SCENARIO_NAMES:
        raise LookupError(f"There is no scenario {name}; there are {', '.join(SCENARIO_NAMES)}.")


def _undelivered(account: DemoAccount, name: str) -> QuerySet[StoryEvent]:
    return StoryEvent.objects.undelivered().filter(account=account, origin=name)


def _plan(account: DemoAccount, name: str, now: datetime) -> None:
    profiles = story.profile_ids_by_platform([account])
    past = story.load_past(profiles, now, StoryEvent.Origin.values)[account.id]
    published = [event for event in past if event.at <= now]
    events = simulator.scenario(account.world, name, account.extra_ordinal, now, published)
    if not events:
        raise InvalidState(_("The demo has no recent post for this scenario; start it after the next post."))
    events_today = StoryEvent.objects.filter(
        account=account, origin__in=SCENARIO_NAMES, due_at__gt=now - DAY
    ).count()
    if events_today + len(events) > MAX_PER_DAY:
        raise InvalidState(
            _("Scenarios have brought %(count)d of at most %(most)s events within a day; try again tomorrow.")
            % {"count": events_today, "most": f"{MAX_PER_DAY:,}"}
        )
    story.insert_events([(account, name, events)], profiles)
    DemoAccount.objects.filter(pk=account.pk).update(extra_ordinal=account.extra_ordinal + 1)
