"""How large a demo may become: by its settings, and by what is asked for on top of them."""

from typing import Any

from django.conf import settings

from demo.exceptions import InvalidOption, InvalidState
from demo.models import DemoAccount, StoryEvent
from demo.windows import WINDOW_KINDS

FACTOR = 2  # of DEMO_MAX_ROWS: expired rows are stored until Monday, and a week longer to be restored
QUOTAS = {
    name: kind for kind in WINDOW_KINDS.values() for name in kind.quotas
}  # each with its kind of window


def check_settings(account: DemoAccount, changes: dict[str, Any]) -> None:
    """Raise InvalidOption when `changes` make the demo larger than it is and than DEMO_MAX_ROWS."""
    names = (*QUOTAS, "retention_days")
    before = {name: getattr(account, name) for name in names}
    after = before | {name: value for name, value in changes.items() if name in names}
    rows = rows_kept(after)
    if rows > max(rows_kept(before), settings.DEMO_MAX_ROWS):
        terms = " + ".join(f"{name} {after[name]} × {kind.per_day}" for name, kind in QUOTAS.items())
        raise InvalidOption(
            f"({terms}) rows a day × {after['retention_days']} days of retention are {rows:,} rows;"
            f" a demo may have {settings.DEMO_MAX_ROWS:,}. Choose fewer a day, or a shorter retention."
        )


def rows_kept(values: dict[str, int]) -> int:
    """How many rows the quotas create within the retention; `values` has QUOTAS and `retention_days`."""
    per_day = sum(values[name] * kind.per_day for name, kind in QUOTAS.items())
    return per_day * values["retention_days"]


def check_room(account: DemoAccount) -> None:
    """Raise InvalidState when the story has more than FACTOR times DEMO_MAX_ROWS rows, with what cleanup has hidden.

    For what adds to a story faster than its quotas do; the count goes no further than that, along an index.
    """
    most = FACTOR * settings.DEMO_MAX_ROWS
    rows = StoryEvent.objects.filter(account=account).values("account")
    if rows[: most + 1].count() > most:
        raise InvalidState(
            f"The story of this demo has more than {most:,} rows. Choose fewer a day or a shorter retention, and ask again when"
            " Monday's cleanup has purged what is too old, which takes a week more; or reset the demo."
        )
