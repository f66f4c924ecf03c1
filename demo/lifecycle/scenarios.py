"""Scenarios on stage: a plan of its own for the next minutes to hours, on top of every quota, that may be cancelled.

A scenario's events have its name as their origin: they count against no quota, no window looks back on them, and what
is left of them says whether it is still running.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Max, QuerySet

from accounts.models import User
from demo import simulator
from demo.engine import story
from demo.exceptions import InvalidState
from demo.lifecycle.locking import locked_account
from demo.lifecycle.row_limit import check_room
from demo.lifecycle.transitions import Transition, plan_what_is_open
from demo.models import DemoAccount, State, StoryEvent

NAMES = tuple(simulator.SCENARIOS)
DAY = timedelta(days=1)
MAX_A_DAY = 1_000  # events that scenarios bring to one demo; about as many as its initial batch


@dataclass(frozen=True)
class Running:
    """A scenario that goes on: its name, how many events are still to come, and when the last of them is due."""

    name: str
    left: int
    until: datetime


def start(user: User, name: str, now: datetime) -> Transition:
    """Plan a scenario from `now` on; one that is still running gains nothing.

    Windows already open are planned first. Raises LookupError for an unknown name, InvalidState unless active, while
    advancing, above the ceiling of rows, when it finds nothing to happen to, and when scenarios have brought enough for a
    day.
    """
    _known(name)
    with locked_account(user) as account:
        if account.state != State.ACTIVE:
            raise InvalidState(f"Demo mode is {account.state}; enable or resume it first.")
        if account.is_advancing:
            raise InvalidState("The demo is advancing; ask again when it has arrived.")
        if _left(account, name).exists():
            return Transition(account, started=False)
        check_room(account)
        plan_what_is_open(account, now)
        _plan(account, name, now)
    account.refresh_from_db()
    return Transition(account, started=True)


def cancel(user: User, name: str, now: datetime) -> Transition:
    """Take back what a scenario has not brought yet and is not on its way over HTTP; InvalidState while off.

    Raises LookupError for an unknown name.
    """
    _known(name)
    with locked_account(user) as account:
        if account.state == State.OFF:
            raise InvalidState("Demo mode is off; there is nothing to cancel.")
        left = _left(account, name)
        cancelled, _ = left.exclude(pk__in=left.leased(now).values("pk")).delete()
    return Transition(account, started=bool(cancelled))


def running_by_account(accounts: Iterable[DemoAccount]) -> dict[int | None, list[Running]]:
    """The scenarios that go on in each account, by its primary key and in order of their names, in one statement."""
    accounts = list(accounts)
    left = StoryEvent.objects.undelivered_by_account().filter(
        account__in=[a.pk for a in accounts if a.pk], origin__in=NAMES
    )
    counted = left.values_list("account", "origin").annotate(Count("pk"), Max("due_at")).order_by("origin")
    found: dict[int | None, list[Running]] = defaultdict(list)
    for account, *running in counted:
        found[account].append(Running(*running))
    return {account.pk: found[account.pk] for account in accounts}


def _known(name: str) -> None:
    if name not in NAMES:
        raise LookupError(f"There is no scenario {name}; there are {', '.join(NAMES)}.")


def _left(account: DemoAccount, name: str) -> QuerySet[StoryEvent]:
    return StoryEvent.objects.undelivered().filter(account=account, origin=name)


def _plan(account: DemoAccount, name: str, now: datetime) -> None:
    profiles = story.demo_profiles([account])
    past = story.look_back(profiles, now, StoryEvent.Origin.values)[account.id]
    seen = [event for event in past if event.at <= now]
    events = simulator.scenario(account.world, name, account.extra_ordinal, now, seen)
    if not events:
        raise InvalidState("There is no recent piece for it to happen to; generate content first.")
    before = StoryEvent.objects.filter(account=account, origin__in=NAMES, due_at__gt=now - DAY).count()
    if before + len(events) > MAX_A_DAY:
        raise InvalidState(f"Scenarios have brought {before} events within a day; ask again tomorrow.")
    story.write([(account, name, events)], profiles)
    DemoAccount.objects.filter(pk=account.pk).update(extra_ordinal=account.extra_ordinal + 1)
