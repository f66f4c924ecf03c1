"""Extra events on demand, on top of every quota, delivered at once."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import BoundedSemaphore
from typing import NoReturn

from django.conf import settings
from django.db.models import QuerySet

from accounts.concurrency import slot
from accounts.models import User
from demo import simulator
from demo.engine import story
from demo.engine.clock import Clock
from demo.engine.delivery import deliver_events
from demo.exceptions import InvalidState
from demo.lifecycle.locking import locked_account
from demo.lifecycle.row_limit import check_room
from demo.models import KINDS, DemoAccount, State, StoryEvent
from interactions.db_errors import DATABASE_UNAVAILABLE

CONTENT, COMMENTS, MESSAGES = 2, 10, 5
MAX_WAIT = timedelta(seconds=20)  # for a receiver,
MAX_DELIVERY_TIME = timedelta(seconds=2)  # and for what has been due before, in process,
MAX_DUE = 1_000  # if these are not more events, about what is delivered in that time

Draw = Callable[[DemoAccount, datetime], list[simulator.SimulatedEvent]]


# Requests that wait for a receiver, which may be this very process: the others' threads answer meanwhile.
_waiting = BoundedSemaphore(max(1, settings.WEB_THREADS // 4))


class TooManyWait(Exception):
    """Nothing was planned: as many requests as may wait for their receivers here do so already."""

    def __init__(self) -> None:
        super().__init__("Too many wait here for what they generate to be delivered.")


class NotDelivered(Exception):
    """The events are planned and committed, and not all of them have arrived; workers go on with them."""


@dataclass(frozen=True)
class GenerationResult:
    """How many events were delivered."""

    content: int
    comments: int
    messages: int


def daily_content(user: User, now: datetime) -> GenerationResult:
    """Publish two more pieces now.

    Raises InvalidState unless active and below the ceiling of rows, NotDelivered when they are only planned, TooManyWait when too many wait over HTTP.
    """
    return _generate(user, now, _pieces)


def interactions(user: User, now: datetime) -> GenerationResult:
    """Bring ten more comments on recent pieces and five direct messages; raises as above."""
    return _generate(user, now, _talk)


def _generate(user: User, now: datetime, draw: Draw) -> GenerationResult:
    if settings.DEMO_DELIVERY != "http":
        return _plan_and_deliver(user, now, draw)
    with slot(_waiting, TooManyWait):
        return _plan_and_deliver(user, now, draw)


def _plan_and_deliver(user: User, now: datetime, draw: Draw) -> GenerationResult:
    with locked_account(user) as account:
        if account.state != State.ACTIVE:
            raise InvalidState(f"Demo mode is {account.state}; enable or resume it first.")
        if account.is_advancing:
            raise InvalidState("The demo is advancing; ask again when it has arrived.")
        check_room(account)
        if settings.DEMO_DELIVERY == "direct":  # nobody speaks of what has not arrived
            _deliver_what_is_due(account, now)
        events = draw(account, now.replace(microsecond=0))
        story.write([(account, StoryEvent.Origin.GENERATE, events)], story.demo_profiles([account]))
        account.extra_ordinal += 1
        account.save(update_fields=["extra_ordinal"])
        rows = _rows_of(account, events)
        if settings.DEMO_DELIVERY == "direct":  # planned and delivered, or neither
            deliver_events(rows, now)
            if rows.undelivered().filter(attempts=0).exists():
                raise InvalidState("The demo is busy just now; try again in a moment.")
    if settings.DEMO_DELIVERY == "http":
        _deliver_over_http(rows, now)
    arrived = list(rows.filter(delivered_at__isnull=False).values_list("type", flat=True))
    if len(arrived) < len(events):
        _explain(account.pk, f"{len(arrived)} of {len(events)} planned events were delivered so far.")
    return GenerationResult(**{kind: arrived.count(type) for kind, type in KINDS.items()})


def _deliver_what_is_due(account: DemoAccount, now: datetime) -> None:
    """InvalidState when that is more than a web request should do, before any of it is done: it would be taken back."""
    due = StoryEvent.objects.filter(account=account).due(now).exclude(attempts__gt=0)
    if due[: MAX_DUE + 1].count() <= MAX_DUE:
        deliver_events(StoryEvent.objects.filter(account=account), now, within=MAX_DELIVERY_TIME)
        if not due.exists():
            return
    raise InvalidState("The demo is still catching up; try again in a moment.")


def _rows_of(account: DemoAccount, events: list[simulator.SimulatedEvent]) -> QuerySet[StoryEvent]:
    """The rows of the events that have just been written, by their keys."""
    if not events:
        return StoryEvent.objects.none()
    ids = [event.platform_id for event in events]
    kinds = {event.type for event in events}
    earliest = min(event.at for event in events)
    own = StoryEvent.objects.filter(
        account=account, type__in=kinds, due_at__gte=earliest, platform_id__in=ids
    )
    return StoryEvent.objects.filter(pk__in=list(own.values_list("pk", flat=True)))


def _deliver_over_http(rows: QuerySet[StoryEvent], now: datetime) -> None:
    """Send what is planned, and wait while another worker sends it or something else of the same profile.

    Raises NotDelivered without the database.
    """
    clock = Clock(now)
    try:
        _send(rows, clock)
        on_its_way = rows.undelivered().filter(attempts=0, account__state=State.ACTIVE)
        while on_its_way.exists() and clock.elapsed < MAX_WAIT:
            time.sleep(0.1)
            _send(rows, clock)
    except DATABASE_UNAVAILABLE as error:
        raise NotDelivered("What was asked for is planned; the database does not answer just now.") from error


def _send(rows: QuerySet[StoryEvent], clock: Clock) -> None:
    left = MAX_WAIT - clock.elapsed
    deliver_events(rows, clock.start, within=left, longest=left)


def _explain(account_id: int, how_far: str) -> NoReturn:
    """Raise InvalidState when the demo has been paused or switched off meanwhile, and NotDelivered otherwise."""
    state = DemoAccount.objects.values_list("state", flat=True).get(pk=account_id)
    if state != State.ACTIVE:
        raise InvalidState(f"Demo mode is {state} by now. {how_far}")
    raise NotDelivered(how_far)


def _pieces(account: DemoAccount, now: datetime) -> list[simulator.SimulatedEvent]:
    return simulator.extra_content(account.world, account.extra_ordinal, now, CONTENT)


def _talk(account: DemoAccount, now: datetime) -> list[simulator.SimulatedEvent]:
    profiles, start = story.demo_profiles([account]), now - simulator.EXTRA_SPAN
    past = story.look_back(profiles, start, StoryEvent.Origin.values)[account.id]
    seen = [event for event in past if event.at <= now]
    messages = MESSAGES if account.has_messages else 0
    return simulator.extra_interactions(account.world, account.extra_ordinal, now, COMMENTS, messages, seen)
