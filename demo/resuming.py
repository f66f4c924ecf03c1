"""Ending a pause: the story moves on by its length, some rows at a time, and then the demo lives on where it was held."""

from datetime import timedelta

from django.db import connection

from demo.models import DemoAccount, State
from demo.replayable import replayable
from demo.turns import Turn
from demo.windows import content_start_at_or_after, interactions_start_at_or_after

BATCH = 1_000  # rows in one transaction
LONGEST_WAIT = "30s"


def go_on(account: DemoAccount, turn: Turn) -> None:
    """Move a paused account's story and marks on by the time from its pause to the request to resume it.

    The story moves in the order of its keys, and the account says how far: what was moved is not moved again. While it
    is paused nothing is planned or delivered, so nobody meets a story that has moved in part. Nothing is done unless
    resuming was asked for.
    """
    while turn() and _move_some(account.pk):
        pass


def _move_some(account_id: int) -> bool:
    """Move the next rows, or, when all have moved, end the pause; whether there may be more."""
    with replayable(LONGEST_WAIT):
        account = DemoAccount.objects.resuming().select_for_update().filter(pk=account_id).first()
        if account is None:
            return False
        pause = _length(account)
        with connection.cursor() as cursor:
            cursor.execute(
                _MOVE, {"account": account.pk, "after": account.resumed_to, "most": BATCH, "by": pause}
            )
            last = cursor.fetchone()[0]
        if last is not None:
            DemoAccount.objects.filter(pk=account.pk).update(resumed_to=last)
            return True
        _end(account, pause)
        return False


def _length(account: DemoAccount) -> timedelta:
    """Whole seconds, which story times are."""
    return account.resume_requested_at.replace(microsecond=0) - account.paused_at.replace(microsecond=0)


_MOVE = (
    "WITH chosen AS (SELECT id FROM demo_storyevent WHERE account_id = %(account)s AND id > %(after)s"
    " ORDER BY id LIMIT %(most)s), moved AS (UPDATE demo_storyevent SET due_at = due_at + %(by)s, held = false"
    " WHERE id IN (SELECT id FROM chosen)) SELECT max(id) FROM chosen"
)


def _end(account: DemoAccount, pause: timedelta) -> None:
    DemoAccount.objects.filter(pk=account.pk).update(
        state=State.ACTIVE,
        paused_at=None,
        resume_requested_at=None,
        resumed_to=0,
        last_error="",
        next_content_window=content_start_at_or_after(account.next_content_window + pause),
        next_interactions_window=interactions_start_at_or_after(account.next_interactions_window + pause),
    )
