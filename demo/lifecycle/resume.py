"""Ends a pause: moves the story later by its length, and skips the windows within it.

Called by `demo.lifecycle.pending_work`; `transitions.resume` stores the request.
"""

import logging
from datetime import datetime, timedelta

from django.db import connection, transaction

from demo.engine.planning import plan_open_windows
from demo.lifecycle.time_slice import TimeSlice
from demo.models import DemoAccount, State
from demo.models.account import NEXT_WINDOW_COLUMNS
from demo.windows import WINDOW_KINDS
from interactions.async_commit import async_commit
from interactions.db_errors import is_connection_lost

logger = logging.getLogger(__name__)

ROWS_PER_TRANSACTION = 1_000
LOCK_TIMEOUT = "30s"


def end_pause(account: DemoAccount, time_slice: TimeSlice) -> None:
    """Move a paused account's story later by the time from the pause to the request to resume, and make it active.

    The rows move in the order of their keys, and `resumed_to` stores the last one, so that each moves once. A paused
    account is neither planned nor delivered, so nothing reads a story that is moved in part. Without a request to
    resume it does nothing.
    """
    while time_slice.begin_step() and _move_next_rows(account.pk):
        pass


def _move_next_rows(account_id: int) -> bool:
    """Move the next rows, or, when all have moved, end the pause; True when there may be more rows."""
    with async_commit(LOCK_TIMEOUT):
        resuming = DemoAccount.objects.resuming().select_related("user").select_for_update(of=("self",))
        account = resuming.filter(pk=account_id).first()
        if account is None:
            return False
        pause = _pause_length(account)
        with connection.cursor() as cursor:
            cursor.execute(
                _MOVE,
                {
                    "account": account.pk,
                    "after": account.resumed_to,
                    "limit": ROWS_PER_TRANSACTION,
                    "by": pause,
                },
            )
            last_key = cursor.fetchone()[0]
        if last_key is not None:
            DemoAccount.objects.filter(pk=account.pk).update(resumed_to=last_key)
            return True
        _activate(account, pause)
        return False


def _pause_length(account: DemoAccount) -> timedelta:
    """The length in whole seconds, as story times are whole seconds."""
    return account.resume_requested_at.replace(microsecond=0) - account.paused_at.replace(microsecond=0)


_MOVE = (
    "WITH chosen AS (SELECT id FROM demo_storyevent WHERE account_id = %(account)s AND id > %(after)s"
    " ORDER BY id LIMIT %(limit)s), moved AS (UPDATE demo_storyevent SET due_at = due_at + %(by)s, held = false"
    " WHERE id IN (SELECT id FROM chosen)) SELECT max(id) FROM chosen"
)


def _activate(account: DemoAccount, pause: timedelta) -> None:
    """Skip the windows within the pause, plan those open at its end from that time on, and set the state."""
    for kind in WINDOW_KINDS.values():
        next_start = account.start_of_next(kind) + pause // kind.length * kind.length
        setattr(account, kind.next_window_column, next_start)
    _plan(account, account.resume_requested_at.replace(microsecond=0))
    account.state = State.ACTIVE
    account.paused_at = None
    account.resume_requested_at = None
    account.resumed_to = 0
    account.last_error = ""
    account.save(
        update_fields=[
            *NEXT_WINDOW_COLUMNS,
            "state",
            "paused_at",
            "resume_requested_at",
            "resumed_to",
            "last_error",
        ]
    )


def _plan(account: DemoAccount, resumed_at: datetime) -> None:
    """Plan the open windows. If that raises, they stay open for the next planning run, and the pause ends all the same."""
    next_windows = {name: getattr(account, name) for name in NEXT_WINDOW_COLUMNS}
    try:
        with transaction.atomic():
            plan_open_windows([account], resumed_at, not_before=resumed_at)
    except Exception as error:
        if is_connection_lost(error):
            raise
        logger.exception(
            "Account %d: the windows open at the end of its pause could not be planned", account.pk
        )
        for name, start in next_windows.items():
            setattr(account, name, start)
