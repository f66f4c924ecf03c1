"""Counts posts, comments and messages; called by the API's analytics summary."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import TruncDate

from accounts.models import Platform, User
from interactions.models import Content, Interaction, ReadStatus
from interactions.models.rows import READ_STATUS

MODES = {"live": Q(is_demo=False), "demo": Q(is_demo=True), "all": Q()}
DIMENSIONS = {
    "platform": Platform.values,
    "type": Interaction.Type.values,
    "status": ReadStatus.values,
    "direction": Interaction.Direction.values,
}
MAX_CELLS = 50_000  # combinations of day and dimensions: ten years of a company on every platform


class TooManyDays(Exception):
    """The period has more than MAX_CELLS combinations of day and dimensions."""


def summary(user: User, mode: str, start: datetime | None, end: datetime | None) -> dict[str, Any]:
    """Count the user's visible rows with `start` <= posted_at < `end`, by UTC day and by each of DIMENSIONS.

    `mode` is a key of MODES. Reads the interactions once and the posts once. Raises TooManyDays. The keys of the result
    are `mode`, `from` and `to` as given; `content` and `interactions`, the numbers of posts and of interactions;
    `by_day`, a list of {"day": date, "interactions": number} of the days that have any; and for each of DIMENSIONS
    `by_NAME`, the number of interactions for each of its values.
    """
    interactions = _posted(Interaction.objects.visible_to(user).filter(MODES[mode]), start, end)
    cells = list(
        interactions.values_list(
            TruncDate("posted_at"), "profile__platform", "type", READ_STATUS, "direction"
        )
        .annotate(Count("pk"))
        .order_by()[: MAX_CELLS + 1]
    )
    if len(cells) > MAX_CELLS:
        raise TooManyDays
    days = _tally((cell[0], cell[-1]) for cell in cells)
    posts = _posted(Content.objects.visible_to(user).filter(MODES[mode]), start, end)
    return {
        "mode": mode,
        "from": start,
        "to": end,
        "content": posts.count(),
        "interactions": days.total(),
        "by_day": [{"day": day, "interactions": days[day]} for day in sorted(days)],
        **{
            f"by_{name}": {**dict.fromkeys(values, 0), **_tally((cell[column], cell[-1]) for cell in cells)}
            for column, (name, values) in enumerate(DIMENSIONS.items(), start=1)
        },
    }


def _posted(rows: QuerySet, start: datetime | None, end: datetime | None) -> QuerySet:
    bounds = {"posted_at__gte": start, "posted_at__lt": end}
    return rows.filter(**{lookup: time for lookup, time in bounds.items() if time})


def _tally(pairs: Iterable[tuple[Any, int]]) -> Counter:
    counts: Counter = Counter()
    for value, count in pairs:
        counts[value] += count
    return counts
