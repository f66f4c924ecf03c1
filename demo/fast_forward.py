"""Advancing a demo by whole days: its past moves back, then ordinary planning and delivery fill the gap."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Case, DateTimeField, F, Model, When
from django.db.models.expressions import CombinedExpression

from accounts.models import Profile, User
from demo.alone import alone
from demo.delivery import deliver_due
from demo.heartbeat import Heartbeat
from demo.models import DemoAccount, State, StoryEvent
from demo.planning import plan_account, plan_open_windows
from demo.states import NotPossible
from interactions.locks import lock_profiles
from interactions.models import Content, DeadLetter, Interaction, PendingChange

MOVED = (Content, Interaction, PendingChange, DeadLetter)


def advance(account: DemoAccount, now: datetime) -> bool:
    """Move an active account's past back by its requested days, plan and deliver.

    The shift, the marks and the request are one transaction, so that a repeated call shifts once; what follows is
    ordinary planning, which the sweep would do as well. False when nothing was requested, when somebody holds the
    account, or when something is on its way over HTTP that would arrive with its old date; the sweep asks again.
    """
    Heartbeat(account, State.ACTIVE, now)()
    plan_account(account.pk, now)
    try:
        moved = _move(account.user, now)
    except NotPossible:
        return False
    if moved:
        plan_account(account.pk, now)
        deliver_due(now, [account.pk])
    return moved


def _move(user: User, now: datetime) -> bool:
    with alone(user) as account:
        if account.state != State.ACTIVE or not account.advance_days:
            return False
        plan_open_windows([account], now)  # what has opened since, hardly ever anything
        by = timedelta(days=account.advance_days)
        _shift_story(account, by)
        if StoryEvent.objects.filter(account=account).leased(now).exists():  # from here on no more can be
            transaction.set_rollback(True)
            return False
        _shift_rows(account, by)
        _shift_account(account, by)
        return True


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
    account.next_content_window -= by
    account.next_interactions_window -= by
    account.planned_at -= by
    account.advance_days = 0
    account.last_error = ""
    account.save(
        update_fields=[
            "next_content_window",
            "next_interactions_window",
            "planned_at",
            "advance_days",
            "last_error",
        ]
    )
