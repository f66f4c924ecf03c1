"""Ending a pause: the story moves on by its length, some rows at a time, and windows that lie inside the pause are left out."""

import logging
from datetime import datetime, timedelta

from django.db import connection, transaction

from demo.engine.async_commit import async_commit
from demo.engine.planning import plan_open_windows
from demo.lifecycle.time_slice import TimeSlice
from demo.models import DemoAccount, State
from demo.models.account import MARKS
from demo.windows import WINDOW_KINDS
from interactions.db_errors import is_connection_lost

logger = logging.getLogger(__name__)

ROWS_PER_TRANSACTION = 1_000  # rows in one transaction
MAX_WAIT = "30s"


def end_pause(account: DemoAccount, time_slice: TimeSlice) -> None:
    """Move a paused account's story on by the time from its pause to the request to resume it, and make it active.

    The story moves in the order of its keys, and the account says how far: what was moved is not moved again. While it
    is paused nothing is planned or delivered, so nobody meets a story that has moved in part. Nothing is done unless
    resuming was asked for.
    """
    while time_slice() and _move_some(account.pk):
        pass


def _move_some(account_id: int) -> bool:
    """Move the next rows, or, when all have moved, end the pause; whether there may be more."""
    with async_commit(MAX_WAIT):
        resuming = DemoAccount.objects.resuming().select_related("user").select_for_update(of=("self",))
        account = resuming.filter(pk=account_id).first()
        if account is None:
            return False
        pause = _length(account)
        with connection.cursor() as cursor:
            cursor.execute(
                _MOVE,
                {
                    "account": account.pk,
                    "after": account.resumed_to,
                    "most": ROWS_PER_TRANSACTION,
                    "by": pause,
                },
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
    """Leave out the windows that lie inside the pause, and plan those that are open at its end, none of it before that."""
    for kind in WINDOW_KINDS.values():
        setattr(account, kind.mark, account.start_of_next(kind) + pause // kind.length * kind.length)
    _plan(account, account.resume_requested_at.replace(microsecond=0))
    account.state, account.paused_at, account.resume_requested_at = State.ACTIVE, None, None
    account.resumed_to, account.last_error = 0, ""
    account.save(
        update_fields=[
            *MARKS,
            *["state", "paused_at", "resume_requested_at", "resumed_to", "last_error"],
        ]
    )


def _plan(account: DemoAccount, resumed: datetime) -> None:
    """Plan what is open; what cannot be planned is left to the next planning, and the pause ends all the same."""
    marks = {mark: getattr(account, mark) for mark in MARKS}
    try:
        with transaction.atomic():
            plan_open_windows([account], resumed, not_before=resumed)
    except Exception as error:
        if is_connection_lost(error):
            raise
        logger.exception(
            "The windows of account %d in which its pause ended could not be planned", account.pk
        )
        for mark, start in marks.items():
            setattr(account, mark, start)
