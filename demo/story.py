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

WINDOW_ORIGINS = (StoryEvent.Origin.INITIAL, StoryEvent.Origin.WINDOW)

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
    """Append the planned events of `(account, origin, events)` to the story in one COPY; return their number."""
    written = 0
    with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        for account, origin, events in plans:
            own = profiles[account.id]
            for event in events:
                payload = Jsonb(simulator.event_payload(event))
                copy.write_row(
                    (
                        account.id,
                        own[event.platform],
                        event.type,
                        event.platform_id,
                        origin,
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
    """What each account's windows from `start` on may look back on, delivered or not."""
    past: dict[int, list[simulator.Event]] = defaultdict(list)
    horizons = [
        ([simulator.CONTENT], start - simulator.PIECES_LOOK_BACK),
        ([simulator.COMMENT, simulator.MESSAGE], start - simulator.TALK_LOOK_BACK),
    ]
    with connection.cursor() as cursor:
        for types, horizon in horizons:
            cursor.execute(_LOOK_BACK, [list(account_ids), list(origins), types, horizon])
            for account, type, platform, platform_id, seconds, payload in cursor:
                at = datetime.fromtimestamp(seconds, UTC)
                event = simulator.from_payload(type, platform, platform_id, at, json.loads(payload))
                past[account].append(event)
    return past


# Seconds, which story times are whole numbers of: a number is read twenty times as fast as a timestamp.
_LOOK_BACK = (
    "SELECT account_id, type, platform, story.platform_id, extract(epoch FROM due_at)::bigint, payload"
    " FROM demo_storyevent story"
    " JOIN accounts_profile profile ON profile.id = profile_id"
    " WHERE account_id = ANY(%s) AND origin = ANY(%s) AND type = ANY(%s) AND due_at >= %s"
)
