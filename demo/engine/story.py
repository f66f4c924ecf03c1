"""The story table: planned events in, events to look back on out."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

import orjson
from django.db import connection

from accounts.models import Profile
from demo import simulator
from demo.models import DemoAccount, StoryEvent

WINDOW_ORIGINS = (
    StoryEvent.Origin.INITIAL,
    StoryEvent.Origin.WINDOW,
    StoryEvent.Origin.SPIKE,
    StoryEvent.Origin.BRAND,
)

OWN_ORIGINS = (simulator.SPIKE_ORIGIN, simulator.BRAND_ORIGIN, simulator.METRICS_ORIGIN)

ProfileIds = Mapping[int, Mapping[str, int]]  # account id -> platform -> profile id


def demo_profiles(accounts: Iterable[DemoAccount]) -> ProfileIds:
    """The demo profiles of each account, by platform."""
    owners = {account.user_id: account.id for account in accounts}
    found: dict[int, dict[str, int]] = defaultdict(dict)
    profiles = Profile.objects.demo().filter(owner__in=owners)
    for owner, platform, id in profiles.values_list("owner_id", "platform", "id"):
        found[owners[owner]][platform] = id
    return found


def write(
    plans: Iterable[tuple[DemoAccount, str, list[simulator.SimulatedEvent]]], profiles: ProfileIds
) -> None:
    """Append the planned events of `(account, origin, events)` to the story in one COPY.

    An event that knows its own origin keeps it.
    """
    with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        for account, origin, events in plans:
            own = profiles[account.id]
            for event in events:
                payload = orjson.dumps(simulator.stored_payload(event)).decode()
                copy.write_row(
                    (
                        account.id,
                        own[event.platform],
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


def look_back(
    profiles: ProfileIds, start: datetime, origins: Sequence[str] = WINDOW_ORIGINS
) -> dict[int, list[simulator.SimulatedEvent]]:
    """What the windows from `start` on of each account of `profiles` may look back on, delivered or not.

    Pieces with their latest figures, and comments and messages, without their texts, which no window depends on.
    """
    past: dict[int, list[simulator.SimulatedEvent]] = defaultdict(list)
    of = [list(profiles), list(origins)]
    platforms = {id: platform for own in profiles.values() for platform, id in own.items()}
    with connection.cursor() as cursor:
        cursor.execute(_PIECES, [*of, start - simulator.PIECES_LOOK_BACK])
        for account, profile, *piece in cursor.fetchall():
            past[account] += _piece(platforms[profile], *piece)
        cursor.execute(_TALK, [*of, start - simulator.INTERACTIONS_LOOK_BACK])
        for account, profile, *said in cursor.fetchall():
            past[account].append(_said(platforms[profile], *said))
    return past


def _piece(
    platform: str, id: str, seconds: int, memo: str | None, reported: int | None, comments: int | None
) -> Iterator[simulator.SimulatedEvent]:
    yield simulator.SimulatedEvent(simulator.CONTENT, platform, id, _utc(seconds), "", memo=memo)
    if reported is not None and comments is not None:
        figures = simulator.Metrics(0, 0, 0, comments)
        yield simulator.SimulatedEvent(simulator.METRICS, platform, id, _utc(reported), "", metrics=figures)


def _said(
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
        origin=_own_origin(origin),
    )


def _utc(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _own_origin(origin: str) -> str:
    """The origin that the event itself knows."""
    return origin if origin in OWN_ORIGINS else ""


# Columns and seconds, which story times are whole numbers of: they are read many times as fast as JSON and timestamps.
_PIECES = (
    "SELECT account_id, piece.profile_id, piece.platform_id, extract(epoch FROM piece.due_at)::bigint,"
    " piece.payload->>'memo', extract(epoch FROM latest.due_at)::bigint,"
    " (latest.payload->'metrics'->'comments')::int"
    " FROM demo_storyevent piece"
    " LEFT JOIN LATERAL (SELECT due_at, payload FROM demo_storyevent report"
    "  WHERE report.profile_id = piece.profile_id AND report.platform_id = piece.platform_id"
    "  AND report.type = 'content.metrics' ORDER BY due_at DESC LIMIT 1) latest ON true"
    " WHERE account_id = ANY(%s) AND origin = ANY(%s) AND piece.type = 'content.published' AND piece.due_at >= %s"
    " AND piece.expired_at IS NULL"
)
_TALK = (
    "SELECT account_id, profile_id, type, platform_id, extract(epoch FROM due_at)::bigint, origin,"
    " payload->'author'->>'id', payload->'author'->>'handle', payload->'author'->>'name',"
    " payload->>'content_id', payload->>'parent_id', payload->>'conversation_id', payload->>'memo'"
    " FROM demo_storyevent"
    " WHERE account_id = ANY(%s) AND origin = ANY(%s) AND type IN ('comment.created', 'message.created')"
    " AND due_at >= %s AND expired_at IS NULL"
)


def told(account: DemoAccount, now: datetime) -> list[simulator.SimulatedEvent]:
    """Everything of the account's story that has arrived by `now`, in order of time."""
    arrived = StoryEvent.objects.filter(
        account=account, due_at__lte=now, delivered_at__isnull=False, expired_at=None
    )
    rows = arrived.order_by("due_at", "id")
    fields = ("type", "profile__platform", "platform_id", "due_at", "payload", "origin")
    return [
        simulator.from_payload(*row, origin=_own_origin(origin)) for *row, origin in rows.values_list(*fields)
    ]
