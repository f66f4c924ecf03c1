"""The story table: planned events in, events to look back on out."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db import connection
from django.db.models import Q
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
    account_ids: Iterable[int], start: datetime, origins=WINDOW_ORIGINS
) -> dict[int, list[simulator.Event]]:
    """What each account's windows from `start` on may look back on, delivered or not."""
    past: dict[int, list[simulator.Event]] = defaultdict(list)
    pieces = Q(type=StoryEvent.Type.CONTENT, due_at__gte=start - simulator.PIECES_LOOK_BACK)
    talk = Q(due_at__gte=start - simulator.TALK_LOOK_BACK)
    rows = StoryEvent.objects.filter(pieces | talk, account__in=list(account_ids), origin__in=origins)
    fields = rows.values_list("account_id", "type", "profile__platform", "platform_id", "due_at", "payload")
    for account, *event in fields.iterator(chunk_size=5_000):
        past[account].append(simulator.from_payload(*event))
    return past
