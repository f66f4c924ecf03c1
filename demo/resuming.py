"""Ending a pause: what fell due in it comes soon after it, and everything later comes when it would have come anyway."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from django.db import connection

from demo.models import DemoAccount, State, StoryEvent
from demo.planning import plan_open_windows
from demo.replayable import replayable
from demo.simulator.posting import delay
from demo.turns import Turn
from demo.windows import CONTENT_STEP, INTERACTIONS_STEP

LONGEST_WAIT = "30s"
HOUR = 3_600  # seconds: what was missed takes no longer to come, and no silence in it counts for more


def go_on(account: DemoAccount, turn: Turn) -> None:
    """End a pause as of the request to resume it, in one transaction; nothing is done unless that was asked for.

    Windows that lie inside the pause are left out: the next ones begin at the first window that was not over yet. What is
    open is planned, and what fell due in the pause, at most about what two windows bring, is moved behind it.
    """
    turn()
    with replayable(LONGEST_WAIT):
        resuming = DemoAccount.objects.resuming().select_related("user").select_for_update(of=("self",))
        current = resuming.filter(pk=account.pk).first()
        if current is not None:
            paused, resumed = (
                moment.replace(microsecond=0) for moment in (current.paused_at, current.resume_requested_at)
            )
            _leave_windows_out(current, resumed)
            plan_open_windows([current], resumed)
            _move(current, paused, resumed)
            _end(current)


def _leave_windows_out(account: DemoAccount, resumed: datetime) -> None:
    """Move the marks past the windows that were over when the demo was resumed."""
    late = (
        timedelta(0)
        if account.posting_hour is None
        else delay(account.time_zone, account.posting_hour)  # a content window ends so much later
    )
    account.next_content_window += _whole(CONTENT_STEP, resumed - late - account.next_content_window)
    account.next_interactions_window += _whole(INTERACTIONS_STEP, resumed - account.next_interactions_window)


def _whole(step: timedelta, span: timedelta) -> timedelta:
    """The whole steps in a span of time; none in a negative one."""
    return max(span // step, 0) * step


def _move(account: DemoAccount, paused: datetime, resumed: datetime) -> None:
    """Give what is to come its time after the pause, and let go of it; what was due before the pause keeps its time."""
    held = StoryEvent.objects.filter(account=account, account__gt=0, delivered_at=None)
    missed = list(held.filter(due_at__gte=paused).order_by("due_at").values_list("pk", "due_at"))
    moments = sorted({int(due.timestamp()) for _, due in missed})
    moved = dict(
        zip(moments, after_pause(moments, int(paused.timestamp()), int(resumed.timestamp())), strict=True)
    )
    times = [datetime.fromtimestamp(moved[int(due.timestamp())], UTC) for _, due in missed]
    with connection.cursor() as cursor:
        cursor.execute(_MOVE, [[pk for pk, _ in missed], times])
    held.filter(held=True).update(held=False)


_MOVE = (
    "UPDATE demo_storyevent SET due_at = new.at, held = false FROM unnest(%s::bigint[], %s::timestamptz[]) AS new (id, at)"
    " WHERE demo_storyevent.id = new.id"
)


def after_pause(due: Sequence[int], paused: int, resumed: int) -> list[int]:
    """When events happen that were due at `due`, distinct, in order and not before the pause; all in seconds.

    The demo makes up for the pause in as much time again, or in an hour if that is less: what was due from the beginning of
    the pause until then comes at an even pace, in which silences of more than an hour count as one. What is due later stays.
    Times stay distinct and in order, so that everything comes after its cause, if need be by coming seconds later.
    """
    until = resumed + min(resumed - paused, HOUR)
    passed = _passed([at for at in due if at < until], paused, resumed, until)
    moved: list[int] = []
    for at in due:
        wanted = resumed + (until - resumed) * passed[at] // passed[until] if at < until else at
        moved.append(max(wanted, moved[-1] + 1) if moved else wanted)
    return moved


def _passed(due: Sequence[int], paused: int, resumed: int, until: int) -> dict[int, int]:
    """How much time has passed since the pause began at each of the moments `due`, and `until`, if no silence is longer than an hour."""
    moments = sorted({paused, resumed, until, *due})
    passed = {moments[0]: 0}
    for before, after in pairwise(moments):
        passed[after] = passed[before] + min(after - before, HOUR)
    return passed


def _end(account: DemoAccount) -> None:
    DemoAccount.objects.filter(pk=account.pk).update(
        state=State.ACTIVE, paused_at=None, resume_requested_at=None, last_error=""
    )
