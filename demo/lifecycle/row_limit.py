"""How large a demo may become: by its settings, and by what is asked for on top of them."""

from typing import Any

from django.conf import settings

from demo.exceptions import InvalidOption, InvalidState
from demo.models import DemoAccount, StoryEvent
from demo.windows import CONTENT_STEP, INTERACTIONS_STEP

SIZES = ("content_per_day", "comments_per_window", "messages_per_window", "retention_days")
ROOM = 2  # times DEMO_MAX_ROWS, as what is too old stays until Monday, and hidden for a week more


def check_size(account: DemoAccount, changes: dict[str, Any]) -> None:
    """Raise InvalidOption when `changes` make the demo larger than it is and than DEMO_MAX_ROWS."""
    sizes = {name: getattr(account, name) for name in SIZES}
    before = rows_kept(**sizes)
    wanted = sizes | {name: value for name, value in changes.items() if name in SIZES}
    after = rows_kept(**wanted)
    if after > max(before, settings.DEMO_MAX_ROWS):
        raise InvalidOption(
            "({content_per_day} pieces + 4 × ({comments_per_window} comments + {messages_per_window} messages)) a day"
            " × {retention_days} days of retention".format(**wanted)
            + f" are {after:,} rows; a demo may have {settings.DEMO_MAX_ROWS:,}. Choose fewer a day, or a shorter retention."
        )


def rows_kept(
    content_per_day: int, comments_per_window: int, messages_per_window: int, retention_days: int
) -> int:
    """How many rows the quotas bring until the retention takes the first of them."""
    windows = CONTENT_STEP // INTERACTIONS_STEP
    return (content_per_day + windows * (comments_per_window + messages_per_window)) * retention_days


def check_room(account: DemoAccount) -> None:
    """Raise InvalidState when the story has more than ROOM times DEMO_MAX_ROWS rows, with what cleanup has hidden.

    For what adds to a story faster than its quotas do; the count goes no further than that, along an index.
    """
    most = ROOM * settings.DEMO_MAX_ROWS
    rows = StoryEvent.objects.filter(account=account).values("account")
    if rows[: most + 1].count() > most:
        raise InvalidState(
            f"The story of this demo has more than {most:,} rows. Choose fewer a day or a shorter retention, and ask again when"
            " Monday's cleanup has purged what is too old, which takes a week more; or reset the demo."
        )
