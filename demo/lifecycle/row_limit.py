"""Limits how many rows a demo may have (DEMO_MAX_ROWS). Called by transitions, on demand and scenarios."""

from typing import Any

from django.conf import settings

from demo.exceptions import InvalidOption, InvalidState
from demo.models import DemoAccount, StoryEvent
from demo.windows import WINDOW_KINDS

# A story may have so many times DEMO_MAX_ROWS rows: expired rows stay until Monday's cleanup, and a week longer for a
# restore.
STORY_ROWS_PER_ROW = 2
QUOTAS = {name: kind for kind in WINDOW_KINDS.values() for name in kind.quotas}  # setting -> window kind


def check_settings(account: DemoAccount, changes: dict[str, Any]) -> None:
    """Raise InvalidOption when `changes` let the demo grow beyond both DEMO_MAX_ROWS and its current settings."""
    names = (*QUOTAS, "retention_days")
    before = {name: getattr(account, name) for name in names}
    after = before | {name: value for name, value in changes.items() if name in names}
    rows = rows_kept(after)
    if rows > max(rows_kept(before), settings.DEMO_MAX_ROWS):
        terms = " + ".join(f"{name} {after[name]} × {kind.per_day}" for name, kind in QUOTAS.items())
        raise InvalidOption(
            f"({terms}) rows a day × {after['retention_days']} days of retention are {rows:,} rows;"
            f" a demo may have {settings.DEMO_MAX_ROWS:,}. Lower these settings or retention_days."
        )


def rows_kept(values: dict[str, int]) -> int:
    """How many rows the quotas create within the retention; `values` has the QUOTAS and `retention_days`."""
    per_day = sum(values[name] * kind.per_day for name, kind in QUOTAS.items())
    return per_day * values["retention_days"]


def check_row_limit(account: DemoAccount) -> None:
    """Raise InvalidState when the story has more than STORY_ROWS_PER_ROW times DEMO_MAX_ROWS rows, expired ones included.

    Call it before adding events beyond the quotas. It counts no further than the limit, along an index.
    """
    limit = STORY_ROWS_PER_ROW * settings.DEMO_MAX_ROWS
    rows = StoryEvent.objects.filter(account=account).values("account")
    if rows[: limit + 1].count() > limit:
        raise InvalidState(
            f"The story of this demo has more than {limit:,} rows. Lower its settings"
            f" ({', '.join(QUOTAS)}, retention_days), and try again when cleanup has purged the expired rows, which takes up"
            " to two weeks; or reset the demo."
        )
