"""Advances a demo by whole days: shifts its past back, then plans and delivers the windows that this opens.

Called by `demo.lifecycle.pending_work`; `transitions.advance` stores the request.
"""

from datetime import timedelta

from django.db import connection, transaction
from django.db.models import Case, DateTimeField, F, Model, When
from django.db.models.expressions import CombinedExpression

from accounts.models import Profile, User
from demo.engine import backlog
from demo.engine.delivery import deliver_events
from demo.engine.planning import plan_next_windows, plan_open_windows
from demo.exceptions import InvalidState
from demo.lifecycle.locking import locked_account
from demo.lifecycle.time_slice import TimeSlice, TimeSliceOver
from demo.models import DemoAccount, State, StoryEvent
from demo.models.account import NEXT_WINDOW_COLUMNS
from interactions.locks import lock_profiles
from interactions.profile_deletion import PROFILE_MODELS

EVENTS_PER_TRANSACTION = 250  # approximately; planned and then delivered
SHIFT_LOCK = 0x5046 << 48  # advisory lock key, outside the range of the profiles' (interactions/locks.py)


def advance(account: DemoAccount, time_slice: TimeSlice) -> None:
    """Shift an active account's past back by `advance_days`, then plan and deliver the events due.

    The shift and the update of the account are one transaction, so a repeated call shifts once. Planning and delivery
    then run in small transactions until nothing is left. Nothing is shifted while the account is locked, or while
    events are leased for HTTP, as these would arrive with their old times. The sweep then tries again.
    """
    if account.advance_days:
        while (
            time_slice.begin_step()
            and plan_next_windows(account.pk, time_slice.start, EVENTS_PER_TRANSACTION).windows
        ):
            pass
        try:
            if not _shift(account.user, time_slice):
                return
        except InvalidState:
            return
    _catch_up(account, time_slice)


def _catch_up(account: DemoAccount, time_slice: TimeSlice) -> None:
    """Plan and deliver due events in small steps. The deliver task delivers those that are locked at the end."""
    story = StoryEvent.objects.filter(account=account)
    while time_slice.begin_step():
        planned = plan_next_windows(account.pk, time_slice.start, EVENTS_PER_TRANSACTION)
        delivered = deliver_events(story, time_slice.start, time_limit=time_slice.time_left)
        if delivered:
            backlog.note_delivery()
        ran_out_of_time = time_slice.is_over and story.due(time_slice.start).exists()
        if not planned.windows and not delivered and not ran_out_of_time:
            break
    DemoAccount.objects.filter(pk=account.pk, catching_up=True).update(catching_up=False)


def _shift(user: User, time_slice: TimeSlice) -> bool:
    """Shift the past; False when nothing is to be shifted or events are leased for HTTP."""
    with transaction.atomic():
        _lock_shifts(time_slice)
        with locked_account(user) as account:
            if account.state != State.ACTIVE or not account.advance_days:
                return False
            plan_open_windows([account], time_slice.start)  # those that have started since the last step
            by = timedelta(days=account.advance_days)
            _shift_story(account, by)  # locks the rows, so that no more can be leased
            if StoryEvent.objects.filter(account=account).leased(time_slice.start).exists():
                transaction.set_rollback(True)
                return False
            _shift_rows(account, by)
            _shift_account(account, by)
            return True


def _lock_shifts(time_slice: TimeSlice) -> None:
    """Let one shift run at a time: a large demo takes seconds, and the other workers are needed for other work.

    A time slice without a duration waits for the lock. Others end with TimeSliceOver and try again after a second.
    """
    lock = "pg_advisory_xact_lock" if time_slice.time_left is None else "pg_try_advisory_xact_lock"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {lock}(%s)", [SHIFT_LOCK])
        if cursor.fetchone()[0] is False:
            raise TimeSliceOver(after=1)


def _shift_story(account: DemoAccount, by: timedelta) -> None:
    """Shift the story before the profiles, the order in which delivery locks them. Leases keep their real end."""
    story = StoryEvent.objects.filter(account=account)
    leases = {
        "claimed_until": Case(When(delivery_id=None, then=F("claimed_until") - by), default="claimed_until")
    }
    story.update(**_shifted_times(StoryEvent, by) | leases)


def _shift_rows(account: DemoAccount, by: timedelta) -> None:
    profiles = list(account.profiles.values_list("pk", flat=True))
    lock_profiles(profiles)
    for model in PROFILE_MODELS:
        if shifted := _shifted_times(model, by):
            model.objects.filter(profile__in=profiles, is_demo=True).update(**shifted)
    account.profiles.update(**_shifted_times(Profile, by))


def _shifted_times(model: type[Model], by: timedelta) -> dict[str, CombinedExpression]:
    """For each time column of the model, the expression of its value moved back."""
    fields = model._meta.concrete_fields
    return {field.name: F(field.name) - by for field in fields if isinstance(field, DateTimeField)}


def _shift_account(account: DemoAccount, by: timedelta) -> None:
    User.objects.filter(pk=account.user_id).update(demo_mode_enabled_at=F("demo_mode_enabled_at") - by)
    for name in NEXT_WINDOW_COLUMNS:
        setattr(account, name, getattr(account, name) - by)
    account.planned_at -= by
    account.advance_days = 0
    account.catching_up = True
    account.last_error = ""
    account.save(
        update_fields=[*NEXT_WINDOW_COLUMNS, "planned_at", "advance_days", "catching_up", "last_error"]
    )
