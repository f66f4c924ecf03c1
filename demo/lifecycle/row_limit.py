"""Limits how many rows a demo may have (DEMO_MAX_ROWS). Called by transitions, on demand and scenarios."""

from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

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
            _(
                "(%(terms)s) rows a day × %(days)d days of retention are %(rows)s rows; a demo may have %(limit)s."
                " Lower these settings or retention_days."
            )
            % {
                "terms": terms,
                "days": after["retention_days"],
                "rows": f"{rows:,}",
                "limit": f"{settings.DEMO_MAX_ROWS:,}",
            }
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
            _(
                "The story of this demo has more than %(limit)s rows. Lower its settings (%(quotas)s, retention_days), and"
                " try again when cleanup has purged the expired rows, which takes up to two weeks; or reset the demo."
            )
            % {"limit": f"{limit:,}", "quotas": ", ".join(QUOTAS)}
        )
