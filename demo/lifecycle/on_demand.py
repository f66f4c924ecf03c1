"""Generates extra events on request, on top of every quota, and delivers them at once. Called by the API and the dashboard."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import BoundedSemaphore
from typing import NoReturn

from django.conf import settings
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.concurrency import slot
from accounts.models import User
from demo import simulator
from demo.engine import story
from demo.engine.clock import Clock
from demo.engine.delivery import deliver_events, delivers_in_process
from demo.exceptions import InvalidState
from demo.lifecycle.locking import check_active, locked_account
from demo.lifecycle.row_limit import check_row_limit
from demo.models import COUNTED_TYPES, DemoAccount, State, StoryEvent
from interactions.db_errors import DATABASE_UNAVAILABLE

POST_COUNT, COMMENT_COUNT, MESSAGE_COUNT = 2, 10, 5  # new events of one request
MAX_HTTP_TIME = timedelta(seconds=20)  # for the delivery of the new events over HTTP
# In process, the account's due events are delivered first: at most this many, which takes about MAX_BACKLOG_TIME.
MAX_BACKLOG = 1_000
MAX_BACKLOG_TIME = timedelta(seconds=2)

Draw = Callable[[DemoAccount, datetime], list[simulator.SimulatedEvent]]


# Limits the threads that wait for a receiver. The receiver may be this web process, whose other threads must answer it.
_http_deliveries = BoundedSemaphore(max(1, settings.WEB_THREADS // 4))


class TooManyDeliveries(Exception):
    """Nothing was planned, because too many requests of this process wait for their deliveries over HTTP."""

    def __init__(self) -> None:
        super().__init__(_("Too many requests are waiting for the delivery of what they generate."))


class NotDelivered(Exception):
    """The events are planned and committed, but not all are delivered yet; workers deliver the others."""


@dataclass(frozen=True)
class GenerationResult:
    """How many new events were delivered."""

    content: int
    comments: int
    messages: int


def generate_content(user: User, now: datetime) -> GenerationResult:
    """Publish POST_COUNT posts now.

    Raises InvalidState unless the demo is active, not advancing and below its row limit; NotDelivered when the posts are
    planned but not delivered; TooManyDeliveries when too many requests wait for deliveries over HTTP.
    """
    return _generate(user, now, _draw_content)


def generate_interactions(user: User, now: datetime) -> GenerationResult:
    """Deliver COMMENT_COUNT comments on recent posts and MESSAGE_COUNT messages now. Raises as `generate_content`."""
    return _generate(user, now, _draw_interactions)


def _generate(user: User, now: datetime, draw: Draw) -> GenerationResult:
    if delivers_in_process():
        return _plan_and_deliver(user, now, draw)
    with slot(_http_deliveries, TooManyDeliveries):
        return _plan_and_deliver(user, now, draw)


def _plan_and_deliver(user: User, now: datetime, draw: Draw) -> GenerationResult:
    in_process = delivers_in_process()
    with locked_account(user) as account:
        check_active(account)
        check_row_limit(account)
        if in_process:
            # New comments must not refer to posts that are not in the inbox yet.
            _deliver_backlog(account, now)
        events = draw(account, now.replace(microsecond=0))
        rows = _insert(account, events)
        if in_process:
            deliver_events(rows, now)
            if rows.undelivered().filter(attempts=0).exists():
                raise InvalidState(_("The demo is busy; try again in a moment."))  # rolls the new rows back
    if not in_process:
        _deliver_over_http(rows, now)
    delivered = list(rows.filter(delivered_at__isnull=False).values_list("type", flat=True))
    if len(delivered) < len(events):
        _raise_undelivered(
            account.pk,
            _("%(delivered)d of %(planned)d planned events were delivered so far.")
            % {"delivered": len(delivered), "planned": len(events)},
        )
    return GenerationResult(**{name: delivered.count(type) for name, type in COUNTED_TYPES.items()})


def _deliver_backlog(account: DemoAccount, now: datetime) -> None:
    """Deliver the account's due events.

    Raises InvalidState when they are too many for a web request, before any is delivered: that would be rolled back.
    """
    due = StoryEvent.objects.filter(account=account).due(now).exclude(attempts__gt=0)
    if due[: MAX_BACKLOG + 1].count() <= MAX_BACKLOG:
        deliver_events(StoryEvent.objects.filter(account=account), now, time_limit=MAX_BACKLOG_TIME)
        if not due.exists():
            return
    raise InvalidState(_("The demo has more due events than a request can deliver; try again in a moment."))


def _insert(account: DemoAccount, events: list[simulator.SimulatedEvent]) -> QuerySet[StoryEvent]:
    """Write the events to the story; return a queryset of their rows by primary key."""
    profiles = story.profile_ids_by_platform([account])
    story.insert_events([(account, StoryEvent.Origin.GENERATE, events)], profiles)
    account.extra_ordinal += 1
    account.save(update_fields=["extra_ordinal"])
    if not events:
        return StoryEvent.objects.none()
    rows = StoryEvent.objects.filter(
        account=account,
        type__in={event.type for event in events},
        due_at__gte=min(event.at for event in events),
        platform_id__in=[event.platform_id for event in events],
    )
    return StoryEvent.objects.filter(pk__in=list(rows.values_list("pk", flat=True)))


def _deliver_over_http(rows: QuerySet[StoryEvent], now: datetime) -> None:
    """Send the rows. While another worker has leased them, or sends to the same profile, wait up to MAX_HTTP_TIME.

    Raises NotDelivered when the database connection is lost.
    """
    clock = Clock(now)
    try:
        _send(rows, clock)
        pending = rows.undelivered().filter(attempts=0, account__state=State.ACTIVE)
        while pending.exists() and clock.elapsed < MAX_HTTP_TIME:
            time.sleep(0.1)
            _send(rows, clock)
    except DATABASE_UNAVAILABLE as error:
        raise NotDelivered(
            _("The events are planned, but the database does not answer; workers deliver them.")
        ) from error


def _send(rows: QuerySet[StoryEvent], clock: Clock) -> None:
    remaining = MAX_HTTP_TIME - clock.elapsed
    deliver_events(rows, clock.start, time_limit=remaining, request_time_limit=remaining)


def _raise_undelivered(account_id: int, progress: str) -> NoReturn:
    """Raise InvalidState when the demo was paused or switched off meanwhile, and NotDelivered otherwise."""
    state = DemoAccount.objects.values_list("state", flat=True).get(pk=account_id)
    if state != State.ACTIVE:
        raise InvalidState(
            _("Demo mode is %(state)s now. %(progress)s") % {"state": state, "progress": progress}
        )
    raise NotDelivered(progress)


def _draw_content(account: DemoAccount, now: datetime) -> list[simulator.SimulatedEvent]:
    return simulator.extra_content(account.world, account.extra_ordinal, now, POST_COUNT)


def _draw_interactions(account: DemoAccount, now: datetime) -> list[simulator.SimulatedEvent]:
    profiles = story.profile_ids_by_platform([account])
    start = now - simulator.EXTRA_SPAN
    past = story.load_past(profiles, start, StoryEvent.Origin.values)[account.id]
    published = [event for event in past if event.at <= now]
    messages = MESSAGE_COUNT if account.has_messages else 0
    return simulator.extra_interactions(
        account.world, account.extra_ordinal, now, COMMENT_COUNT, messages, published
    )
