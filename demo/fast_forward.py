"""Advancing a demo by whole days: its past moves back, then ordinary planning and delivery fill the gap."""

from datetime import datetime, timedelta

from django.db import connection, transaction

from accounts.models import Profile, User
from demo.delivery import deliver_due
from demo.models import DemoAccount, State
from demo.planning import plan_open_windows
from interactions.locks import lock_profiles

_TIMES = {
    "interactions_content": [
        "posted_at",
        "text_at",
        "deleted_at",
        "views_at",
        "likes_at",
        "shares_at",
        "received_at",
    ],
    "interactions_interaction": ["posted_at", "text_at", "deleted_at", "read_at", "received_at"],
    "interactions_pendingchange": ["occurred_at", "received_at"],
    "interactions_deadletter": ["received_at"],
}


def advance(account_id: int, now: datetime) -> bool:
    """Move an active account's past back by its requested days, plan and deliver; False when nothing was requested.

    The shift, the marks and the request are one transaction, so that a repeated call shifts once.
    """
    with transaction.atomic():
        account = (
            DemoAccount.objects.select_for_update(of=("self",))
            .select_related("user")
            .filter(pk=account_id, state=State.ACTIVE, advance_days__gt=0)
            .first()
        )
        if account is None:
            return False
        plan_open_windows([account], now)
        _shift(account, timedelta(days=account.advance_days))
        plan_open_windows([account], now)
    deliver_due(now, [account_id])
    return True


def _shift(account: DemoAccount, by: timedelta) -> None:
    profiles = list(Profile.objects.demo().filter(owner=account.user_id).values_list("pk", flat=True))
    with connection.cursor() as cursor:
        # Story rows before profiles, the order in which delivery takes them.
        cursor.execute(
            "UPDATE demo_storyevent SET due_at = due_at - %s, delivered_at = delivered_at - %s WHERE account_id = %s",
            [by, by, account.pk],
        )
        lock_profiles(profiles)
        for table, columns in _TIMES.items():
            moved = ", ".join(f"{column} = {column} - %s" for column in columns)
            cursor.execute(
                f"UPDATE {table} SET {moved} WHERE profile_id = ANY(%s) AND is_demo",
                [by] * len(columns) + [profiles],
            )
    User.objects.filter(pk=account.user_id).update(
        demo_mode_enabled_at=account.user.demo_mode_enabled_at - by
    )
    account.next_content_window -= by
    account.next_interactions_window -= by
    account.advance_days = 0
    account.save(update_fields=["next_content_window", "next_interactions_window", "advance_days"])
