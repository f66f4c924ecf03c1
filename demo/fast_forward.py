"""Advancing a demo by whole days: its past moves back, then ordinary planning and delivery fill the gap."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F

from accounts.models import User
from demo.delivery import deliver_due
from demo.models import DemoAccount, State, StoryEvent
from demo.planning import plan_account, plan_open_windows
from interactions.locks import lock_profiles
from interactions.models import Content, DeadLetter, Interaction, PendingChange

_TEXT = ("posted_at", "received_at", "text_at", "deleted_at")
_TIMES = {
    Content: (*_TEXT, "views_at", "likes_at", "shares_at"),
    Interaction: (*_TEXT, "read_at"),
    PendingChange: ("occurred_at", "received_at"),
    DeadLetter: ("received_at",),
}


def advance(account: DemoAccount, now: datetime) -> bool:
    """Move an active account's past back by its requested days, plan and deliver.

    The shift, the marks and the request are one transaction, so that a repeated call shifts once; what follows is
    ordinary planning, which the sweep would do as well. False when nothing was requested, or when something is on its
    way over HTTP that would arrive with its old date; the sweep asks again.
    """
    plan_account(account.pk, now)
    with transaction.atomic():
        account = (
            DemoAccount.objects.select_for_update(of=("self",))
            .select_related("user")
            .filter(pk=account.pk, state=State.ACTIVE, advance_days__gt=0)
            .first()
        )
        if account is None:
            return False
        plan_open_windows([account], now)  # what has opened since, hardly ever anything
        by = timedelta(days=account.advance_days)
        _shift_story(account, by)
        if StoryEvent.objects.filter(account=account).leased(now).exists():  # from here on no more can be
            transaction.set_rollback(True)
            return False
        _shift_rows(account, by)
        _shift_account(account, by)
    plan_account(account.pk, now)
    deliver_due(now, [account.pk])
    return True


def _shift_story(account: DemoAccount, by: timedelta) -> None:
    """Story rows before profiles, the order in which delivery takes them."""
    story = StoryEvent.objects.filter(account=account)
    story.update(due_at=F("due_at") - by, delivered_at=F("delivered_at") - by)


def _shift_rows(account: DemoAccount, by: timedelta) -> None:
    profiles = list(account.profiles.values_list("pk", flat=True))
    lock_profiles(profiles)
    for model, fields in _TIMES.items():
        moved = {field: F(field) - by for field in fields}
        model.objects.filter(profile__in=profiles, is_demo=True).update(**moved)


def _shift_account(account: DemoAccount, by: timedelta) -> None:
    User.objects.filter(pk=account.user_id).update(demo_mode_enabled_at=F("demo_mode_enabled_at") - by)
    account.next_content_window -= by
    account.next_interactions_window -= by
    account.advance_days = 0
    account.last_error = ""
    account.save(
        update_fields=["next_content_window", "next_interactions_window", "advance_days", "last_error"]
    )
