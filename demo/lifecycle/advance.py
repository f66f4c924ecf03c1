"""Advancing a demo by whole days: its past moves back, then ordinary planning and delivery fill the gap."""

from datetime import timedelta

from django.db import connection, transaction
from django.db.models import Case, DateTimeField, F, Model, When
from django.db.models.expressions import CombinedExpression

from accounts.models import Profile, User
from demo.engine import backlog
from demo.engine.delivery import deliver_events
from demo.engine.planning import plan_open_windows, plan_some
from demo.exceptions import InvalidState
from demo.lifecycle.locking import locked_account
from demo.lifecycle.time_slice import TimeSlice, TimeSliceOver
from demo.models import DemoAccount, State, StoryEvent
from demo.models.account import MARKS
from interactions.locks import lock_profiles
from interactions.models import Content, DeadLetter, Interaction, PendingChange

EVENTS_PER_TRANSACTION = 250  # events, about, that are planned in one transaction and then delivered
SHIFTS = 0x5046 << 48  # advisory key, beside those of profiles (interactions/locks.py)
MOVED = (Content, Interaction, PendingChange, DeadLetter)


def advance(account: DemoAccount, time_slice: TimeSlice) -> None:
    """Move an active account's past back by its requested days, then plan and deliver what they bring.

    The shift, the marks and the request are one transaction, so that a repeated call shifts once. What follows is
    ordinary planning and delivery, in small transactions, until nothing is left. Nothing is moved while somebody holds
    the account, or when something is on its way over HTTP that would arrive with its old date; the sweep asks again.
    """
    if account.advance_days:
        while time_slice() and plan_some(account.pk, time_slice.start, EVENTS_PER_TRANSACTION).windows:
            pass
        try:
            if not _move(account.user, time_slice):
                return
        except InvalidState:
            return
    _catch_up(account, time_slice)


def _catch_up(account: DemoAccount, time_slice: TimeSlice) -> None:
    """Plan and deliver in small steps what has come due; what somebody holds by then is left to the ordinary runs."""
    own = StoryEvent.objects.filter(account=account)
    while time_slice():
        planned = plan_some(account.pk, time_slice.start, EVENTS_PER_TRANSACTION)
        delivered = deliver_events(own, time_slice.start, within=time_slice.time_left)
        if delivered:
            backlog.note_delivery()
        if (
            not planned.windows
            and not delivered
            and not (time_slice.is_over and own.due(time_slice.start).exists())
        ):
            break
    DemoAccount.objects.filter(pk=account.pk, catching_up=True).update(catching_up=False)


def _move(user: User, time_slice: TimeSlice) -> bool:
    """Shift the past; False when there is nothing to shift or something is on its way."""
    with transaction.atomic():
        _wait_for_other_shifts(time_slice)
        with locked_account(user) as account:
            if account.state != State.ACTIVE or not account.advance_days:
                return False
            plan_open_windows([account], time_slice.start)  # what has opened since, hardly ever anything
            by = timedelta(days=account.advance_days)
            _shift_story(account, by)
            if (
                StoryEvent.objects.filter(account=account).leased(time_slice.start).exists()
            ):  # from here on no more can be
                transaction.set_rollback(True)
                return False
            _shift_rows(account, by)
            _shift_account(account, by)
            return True


def _wait_for_other_shifts(time_slice: TimeSlice) -> None:
    """One shift at a time: of a large demo it takes seconds, in which other workers do others' work.

    Whoever has a limit to its turn gives it up, and comes again in a second.
    """
    lock = "pg_advisory_xact_lock" if time_slice.time_left is None else "pg_try_advisory_xact_lock"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {lock}(%s)", [SHIFTS])
        if cursor.fetchone()[0] is False:
            raise TimeSliceOver(after=1)


def _shift_story(account: DemoAccount, by: timedelta) -> None:
    """Story rows before profiles, the order in which delivery takes them; leases stay, as their senders' clocks do."""
    story = StoryEvent.objects.filter(account=account)
    leases = {
        "claimed_until": Case(When(delivery_id=None, then=F("claimed_until") - by), default="claimed_until")
    }
    story.update(**_earlier(StoryEvent, by) | leases)


def _shift_rows(account: DemoAccount, by: timedelta) -> None:
    profiles = list(account.profiles.values_list("pk", flat=True))
    lock_profiles(profiles)
    for model in MOVED:
        model.objects.filter(profile__in=profiles, is_demo=True).update(**_earlier(model, by))
    account.profiles.update(**_earlier(Profile, by))


def _earlier(model: type[Model], by: timedelta) -> dict[str, CombinedExpression]:
    """Every time of the model's rows, moved back."""
    fields = model._meta.concrete_fields
    return {field.name: F(field.name) - by for field in fields if isinstance(field, DateTimeField)}


def _shift_account(account: DemoAccount, by: timedelta) -> None:
    User.objects.filter(pk=account.user_id).update(demo_mode_enabled_at=F("demo_mode_enabled_at") - by)
    for mark in MARKS:
        setattr(account, mark, getattr(account, mark) - by)
    account.planned_at -= by
    account.advance_days = 0
    account.catching_up = True
    account.last_error = ""
    account.save(
        update_fields=[
            *MARKS,
            "planned_at",
            "advance_days",
            "catching_up",
            "last_error",
        ]
    )
