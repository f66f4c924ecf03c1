"""What has arrived in a demo's inbox: the newest events, and how many came on each of the past days. Called by the panel."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count
from django.db.models.functions import TruncDate
from django.utils import timezone

from accounts.time_zones import start_of
from demo import simulator
from demo.models import COUNTED_TYPE_NAMES, COUNTED_TYPES, DemoAccount, StoryEvent
from interactions.pictures.people import person_avatar_url

NEWEST = 6  # shown while a demo is filled
DAYS = 14  # of the bars; the last is today


@dataclass(frozen=True)
class Arrival:
    """One delivered event; `kind` is its name in COUNTED_TYPES, `avatar` the address of its author's picture."""

    pk: int
    kind: str
    platform: str
    author: str
    text: str
    avatar: str


@dataclass(frozen=True)
class Bar:
    """One day's bar in a drawing that is BAR_HEIGHT high: its left edge, its top and its height."""

    x: int
    y: int
    height: int


BAR_HEIGHT, BAR_STEP = 28, 6


def newest_arrivals(account: DemoAccount) -> list[Arrival]:
    """The latest delivered posts, comments and messages, the newest first, in one query."""
    delivered = StoryEvent.objects.filter(
        account=account, type__in=COUNTED_TYPE_NAMES, delivered_at__isnull=False, expired_at=None
    )
    rows = delivered.order_by("-due_at", "-id").values_list("pk", "type", "profile__platform", "payload")
    return [_arrival(*row) for row in rows[:NEWEST]]


def _arrival(pk: int, type: str, platform: str, payload: dict[str, Any]) -> Arrival:
    author = payload.get("author")
    avatar = ""
    if author:
        avatar = person_avatar_url(platform, author["id"], author["handle"], author["name"], is_demo=True)
    name = author["name"] if author else ""
    return Arrival(pk, COUNTED_TYPE_NAMES[type], platform, name, payload.get("text", ""), avatar)


def arrivals_by_day(account: DemoAccount, now: datetime) -> dict[str, list[int]]:
    """By name in COUNTED_TYPES: what people saw arrive on each of the past DAYS days of their zone, today last; one query.

    Comments and messages are those that were received; the brand's own are left out.
    """
    today = timezone.localdate(now)
    first = start_of(today - timedelta(DAYS - 1))
    arrived = StoryEvent.objects.filter(
        account=account,
        type__in=COUNTED_TYPE_NAMES,
        due_at__gte=first,
        delivered_at__isnull=False,
        expired_at=None,
    ).exclude(origin=simulator.BRAND_ORIGIN)
    days = arrived.order_by().values_list("type", TruncDate("due_at")).annotate(Count("pk"))
    counts = {name: [0] * DAYS for name in COUNTED_TYPES}
    for type, day, count in days:
        place = DAYS - 1 - (today - day).days
        if 0 <= place < DAYS:
            counts[COUNTED_TYPE_NAMES[type]][place] = count
    return counts


def bars(counts: Sequence[int]) -> list[Bar]:
    """The bars of the counts, the highest as high as the drawing; a day without arrivals keeps a line of 1."""
    highest = max(*counts, 1)
    heights = [max(1, round(BAR_HEIGHT * count / highest)) for count in counts]
    return [Bar(number * BAR_STEP, BAR_HEIGHT - height, height) for number, height in enumerate(heights)]
