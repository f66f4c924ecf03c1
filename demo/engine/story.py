"""Reads and writes story rows as the simulator's events. Called by planning, on demand, scenarios and the report."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

import orjson
from django.db import connection

from accounts.models import Profile
from demo import simulator
from demo.models import DemoAccount, StoryEvent

# The origins of the events that later windows depend on.
WINDOW_ORIGINS = (
    StoryEvent.Origin.INITIAL,
    StoryEvent.Origin.WINDOW,
    simulator.SPIKE_ORIGIN,
    simulator.BRAND_ORIGIN,
)

ProfileIds = Mapping[int, Mapping[str, int]]  # account id -> platform -> profile id


def profile_ids_by_platform(accounts: Iterable[DemoAccount]) -> ProfileIds:
    """The ids of the demo profiles of each account, by account id and platform."""
    account_ids = {account.user_id: account.id for account in accounts}
    found: dict[int, dict[str, int]] = defaultdict(dict)
    profiles = Profile.objects.demo().filter(owner__in=account_ids)
    for owner, platform, id in profiles.values_list("owner_id", "platform", "id"):
        found[account_ids[owner]][platform] = id
    return found


def insert_events(
    plans: Iterable[tuple[DemoAccount, str, list[simulator.SimulatedEvent]]], profiles: ProfileIds
) -> None:
    """Insert the events of each plan `(account, origin, events)` as story rows in one COPY.

    An event for which the simulator has set an origin keeps it.
    """
    with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        for account, origin, events in plans:
            profile_ids = profiles[account.id]
            for event in events:
                payload = orjson.dumps(simulator.stored_payload(event)).decode()
                copy.write_row(
                    (
                        account.id,
                        profile_ids[event.platform],
                        event.type,
                        event.platform_id,
                        event.origin or origin,
                        event.at,
                        payload,
                        0,
                        "",
                    )
                )


_COPY = (
    "COPY demo_storyevent (account_id, profile_id, type, platform_id, origin, due_at, payload, attempts, last_error)"
    " FROM STDIN"
)


def load_past(
    profiles: ProfileIds, start: datetime, origins: Sequence[str] = WINDOW_ORIGINS
) -> dict[int, list[simulator.SimulatedEvent]]:
    """The planned events, delivered or not, that windows from `start` on depend on, by account id.

    These are the posts within POSTS_LOOK_BACK, the latest metrics of each, and the comments and messages within
    INTERACTIONS_LOOK_BACK. Texts are empty, as no window depends on them. Expired events are left out.
    """
    past: dict[int, list[simulator.SimulatedEvent]] = defaultdict(list)
    filters = [list(profiles), list(origins)]
    platforms = {id: platform for ids in profiles.values() for platform, id in ids.items()}
    with connection.cursor() as cursor:
        cursor.execute(_POSTS, [*filters, start - simulator.POSTS_LOOK_BACK])
        for account, profile, *columns in cursor.fetchall():
            past[account] += _post_and_metrics(platforms[profile], *columns)
        cursor.execute(_INTERACTIONS, [*filters, start - simulator.INTERACTIONS_LOOK_BACK])
        for account, profile, *columns in cursor.fetchall():
            past[account].append(_interaction(platforms[profile], *columns))
    return past


def _post_and_metrics(
    platform: str, id: str, seconds: int, memo: str | None, measured: int | None, comments: int | None
) -> Iterator[simulator.SimulatedEvent]:
    yield simulator.SimulatedEvent(simulator.CONTENT, platform, id, _utc(seconds), "", memo=memo)
    if measured is not None and comments is not None:
        metrics = simulator.Metrics(0, 0, 0, comments)
        yield simulator.SimulatedEvent(simulator.METRICS, platform, id, _utc(measured), "", metrics=metrics)


def _interaction(
    platform: str, type: str, id: str, seconds: int, origin: str, author: str, handle: str, name: str, *rest
) -> simulator.SimulatedEvent:
    content_id, parent_id, conversation_id, memo = rest
    return simulator.SimulatedEvent(
        type,
        platform,
        id,
        _utc(seconds),
        "",
        simulator.Author(author, handle, name),
        content_id,
        parent_id,
        conversation_id,
        memo=memo,
        origin=_simulator_origin(origin),
    )


def _utc(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _simulator_origin(origin: str) -> str:
    """The origin that the simulator set; empty when it was set on insertion."""
    return origin if origin in simulator.ORIGINS else ""


# Reading columns and whole seconds (story times have no fractions) is many times faster than JSON and timestamps.
_POSTS = (
    "SELECT account_id, post.profile_id, post.platform_id, extract(epoch FROM post.due_at)::bigint,"
    " post.payload->>'memo', extract(epoch FROM latest.due_at)::bigint,"
    " (latest.payload->'metrics'->'comments')::int"
    " FROM demo_storyevent post"
    " LEFT JOIN LATERAL (SELECT due_at, payload FROM demo_storyevent report"
    "  WHERE report.profile_id = post.profile_id AND report.platform_id = post.platform_id"
    f"  AND report.type = '{simulator.METRICS}' ORDER BY due_at DESC LIMIT 1) latest ON true"
    f" WHERE account_id = ANY(%s) AND origin = ANY(%s) AND post.type = '{simulator.CONTENT}' AND post.due_at >= %s"
    " AND post.expired_at IS NULL"
)
_INTERACTIONS = (
    "SELECT account_id, profile_id, type, platform_id, extract(epoch FROM due_at)::bigint, origin,"
    " payload->'author'->>'id', payload->'author'->>'handle', payload->'author'->>'name',"
    " payload->>'content_id', payload->>'parent_id', payload->>'conversation_id', payload->>'memo'"
    " FROM demo_storyevent"
    f" WHERE account_id = ANY(%s) AND origin = ANY(%s) AND type IN ('{simulator.COMMENT}', '{simulator.MESSAGE}')"
    " AND due_at >= %s AND expired_at IS NULL"
)


def delivered_events(account: DemoAccount, now: datetime) -> list[simulator.SimulatedEvent]:
    """The account's events that are due by `now` and delivered, with their texts, in order of time; not the expired."""
    delivered = StoryEvent.objects.filter(
        account=account, due_at__lte=now, delivered_at__isnull=False, expired_at=None
    )
    rows = delivered.order_by("due_at", "id")
    fields = ("type", "profile__platform", "platform_id", "due_at", "payload", "origin")
    return [
        simulator.from_payload(*row, origin=_simulator_origin(origin))
        for *row, origin in rows.values_list(*fields)
    ]
