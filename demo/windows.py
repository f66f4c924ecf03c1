"""When windows start. Pure arithmetic on UTC times.

Interactions windows start at 00, 06, 12 and 18 UTC and last six hours; content windows at 10 UTC and last a day.
"""

from datetime import UTC, datetime, timedelta

CONTENT_STEP = timedelta(days=1)
INTERACTIONS_STEP = timedelta(hours=6)
CONTENT_GATE = timedelta(hours=24)
INTERACTIONS_GATE = timedelta(hours=6)

_CONTENT_ORIGIN = datetime(2000, 1, 1, 10, tzinfo=UTC)
_INTERACTIONS_ORIGIN = datetime(2000, 1, 1, tzinfo=UTC)


def content_start_at_or_after(moment: datetime) -> datetime:
    return _grid(moment, _CONTENT_ORIGIN, CONTENT_STEP)


def interactions_start_at_or_after(moment: datetime) -> datetime:
    return _grid(moment, _INTERACTIONS_ORIGIN, INTERACTIONS_STEP)


def first_marks(enabled_at: datetime) -> tuple[datetime, datetime]:
    """The first content and interactions windows of an activation: none within 24 and 6 hours of it."""
    return (
        content_start_at_or_after(enabled_at + CONTENT_GATE),
        interactions_start_at_or_after(enabled_at + INTERACTIONS_GATE),
    )


def next_cleanup(now: datetime) -> datetime:
    """The next Monday 03:00 UTC after `now`."""
    monday = datetime(2000, 1, 3, 3, tzinfo=UTC)
    return _grid(now + timedelta(microseconds=1), monday, timedelta(days=7))


def _grid(moment: datetime, origin: datetime, step: timedelta) -> datetime:
    return origin - ((origin - moment) // step) * step
