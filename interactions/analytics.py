"""Counts of what arrived, as they stand."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import TruncDate

from accounts.models import Platform, User
from interactions.models import Content, Interaction

MODES = {"live": Q(is_demo=False), "demo": Q(is_demo=True), "all": Q()}
DIMENSIONS = {
    "platform": Platform.values,
    "type": Interaction.Type.values,
    "status": Interaction.Status.values,
    "direction": Interaction.Direction.values,
}


MAX_CELLS = 50_000  # days times what differs within them: ten years of a company on every platform


class TooManyDays(Exception):
    """The period has more days with rows than one answer can tell."""


def summary(user: User, mode: str, start: datetime | None, end: datetime | None) -> dict[str, Any]:
    """Count the user's visible rows posted from `start` up to, not including, `end`; days are UTC.

    `mode` is a key of MODES. One pass over the interactions and one over the pieces. Raises TooManyDays.
    """
    chosen = _posted(Interaction.objects.visible_to(user).filter(MODES[mode]), start, end)
    cells = list(
        chosen.values_list(TruncDate("posted_at"), "profile__platform", "type", "status", "direction")
        .annotate(Count("pk"))
        .order_by()[: MAX_CELLS + 1]
    )
    if len(cells) > MAX_CELLS:
        raise TooManyDays
    days = _tally((cell[0], cell[-1]) for cell in cells)
    pieces = _posted(Content.objects.visible_to(user).filter(MODES[mode]), start, end)
    return {
        "mode": mode,
        "from": start,
        "to": end,
        "content": pieces.count(),
        "interactions": days.total(),
        "by_day": [{"day": day, "interactions": days[day]} for day in sorted(days)],
        **{
            f"by_{name}": {**dict.fromkeys(values, 0), **_tally((cell[place], cell[-1]) for cell in cells)}
            for place, (name, values) in enumerate(DIMENSIONS.items(), start=1)
        },
    }


def _posted(rows: QuerySet, start: datetime | None, end: datetime | None) -> QuerySet:
    bounds = {"posted_at__gte": start, "posted_at__lt": end}
    return rows.filter(**{name: moment for name, moment in bounds.items() if moment})


def _tally(pairs: Iterable[tuple[Any, int]]) -> Counter:
    counts: Counter = Counter()
    for value, count in pairs:
        counts[value] += count
    return counts
