"""The story table: planned events in, events to look back on out."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from django.db import connection
from psycopg.types.json import Jsonb

from accounts.models import Profile
from demo import simulator
from demo.models import DemoAccount, StoryEvent

WINDOW_ORIGINS = (
    StoryEvent.Origin.INITIAL,
    StoryEvent.Origin.WINDOW,
    StoryEvent.Origin.SPIKE,
    StoryEvent.Origin.BRAND,
)

EXTRA_ORIGINS = (simulator.SPIKE, simulator.BRAND, simulator.FIGURES)

ProfileIds = Mapping[int, Mapping[str, int]]  # account id -> platform -> profile id


def demo_profiles(accounts: Iterable[DemoAccount]) -> ProfileIds:
    """The demo profiles of each account, by platform."""
    owners = {account.user_id: account.id for account in accounts}
    found: dict[int, dict[str, int]] = defaultdict(dict)
    profiles = Profile.objects.demo().filter(owner__in=owners)
    for owner, platform, id in profiles.values_list("owner_id", "platform", "id"):
        found[owners[owner]][platform] = id
    return found


def write(plans: Iterable[tuple[DemoAccount, str, list[simulator.Event]]], profiles: ProfileIds) -> int:
    """Append the planned events of `(account, origin, events)` to the story in one COPY; return their number.

    An event that knows its own origin keeps it.
    """
    written = 0
    with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        for account, origin, events in plans:
            own = profiles[account.id]
            for event in events:
                payload = Jsonb(simulator.remembered(event))
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
            written += len(events)
    return written


_COPY = (
    "COPY demo_storyevent (account_id, profile_id, type, platform_id, origin, due_at, payload, attempts, last_error)"
    " FROM STDIN"
)


def look_back(
    account_ids: Sequence[int], start: datetime, origins: Sequence[str] = WINDOW_ORIGINS
) -> dict[int, list[simulator.Event]]:
    """What each account's windows from `start` on may look back on, delivered or not.

    Pieces with their latest figures, and comments and messages.
    """
    past: dict[int, list[simulator.Event]] = defaultdict(list)
    horizons = [
        ([simulator.CONTENT], start - simulator.PIECES_LOOK_BACK),
        ([simulator.COMMENT, simulator.MESSAGE], start - simulator.TALK_LOOK_BACK),
    ]
    with connection.cursor() as cursor:
        for types, horizon in horizons:
            cursor.execute(_LOOK_BACK, [list(account_ids), list(origins), types, horizon])
            _add_events(cursor, past)
        cursor.execute(
            _LATEST_FIGURES, [list(account_ids), list(origins), start - simulator.PIECES_LOOK_BACK]
        )
        _add_events(cursor, past)
    return past


def _add_events(rows: Iterable[tuple], past: dict[int, list[simulator.Event]]) -> None:
    """Add the events of the rows to those of their accounts."""
    for account, type, platform, platform_id, seconds, payload in rows:
        at = datetime.fromtimestamp(seconds, UTC)
        past[account].append(simulator.from_payload(type, platform, platform_id, at, json.loads(payload)))


# Seconds, which story times are whole numbers of: a number is read twenty times as fast as a timestamp.
_LOOK_BACK = (
    "SELECT account_id, type, platform, story.platform_id, extract(epoch FROM due_at)::bigint, payload"
    " FROM demo_storyevent story"
    " JOIN accounts_profile profile ON profile.id = profile_id"
    " WHERE account_id = ANY(%s) AND origin = ANY(%s) AND type = ANY(%s) AND due_at >= %s"
)
_LATEST_FIGURES = (
    "SELECT piece.account_id, latest.type, platform, piece.platform_id,"
    " extract(epoch FROM latest.due_at)::bigint, latest.payload"
    " FROM demo_storyevent piece"
    " JOIN accounts_profile profile ON profile.id = profile_id"
    " CROSS JOIN LATERAL (SELECT type, due_at, payload FROM demo_storyevent report"
    "  WHERE report.profile_id = piece.profile_id AND report.platform_id = piece.platform_id"
    "  AND report.type = 'content.metrics' ORDER BY due_at DESC LIMIT 1) latest"
    " WHERE account_id = ANY(%s) AND origin = ANY(%s) AND piece.type = 'content.published' AND piece.due_at >= %s"
)


def told(account: DemoAccount, now: datetime) -> list[simulator.Event]:
    """Everything that has happened in the account's story by `now`, in order of time."""
    rows = StoryEvent.objects.filter(account=account, due_at__lte=now).order_by("due_at", "id")
    fields = ("type", "profile__platform", "platform_id", "due_at", "payload", "origin")
    return [
        simulator.from_payload(*row)._replace(origin=origin if origin in EXTRA_ORIGINS else "")
        for *row, origin in rows.values_list(*fields)
    ]
