"""The start of an activation: the account's marks, the user's date and the demo profiles, in one transaction."""

import secrets
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from accounts.models import Profile, User
from demo import simulator
from demo.models import DemoAccount, State
from demo.windows import first_marks


def account_of(user: User) -> DemoAccount:
    """The user's account, made (off, with a random seed) when there is none yet."""
    seed = secrets.randbelow(2**31)
    brand = simulator.default_brand(seed, simulator.DEFAULT_NICHE)
    return DemoAccount.objects.get_or_create(user=user, defaults={"seed": seed, "brand": brand})[0]


def begin(account: DemoAccount, now: datetime, changes: dict[str, Any]) -> bool:
    """Move an account from off or failed to enabling; False when it is in another state.

    A batch that failed after it was planned goes on as it is; otherwise the activation starts at `now`, in whole
    seconds, with `changes` to the account's columns.
    """
    waiting = DemoAccount.objects.filter(pk=account.pk, state__in=[State.OFF, State.FAILED])
    with transaction.atomic():
        if waiting.filter(planned_at__isnull=False).update(
            state=State.ENABLING, heartbeat_at=None, last_error=""
        ):
            return True
        return _begin_anew(account, waiting, now.replace(microsecond=0), changes)


def _begin_anew(
    account: DemoAccount, waiting: QuerySet, enabled_at: datetime, changes: dict[str, Any]
) -> bool:
    content_mark, interactions_mark = first_marks(enabled_at)
    won = waiting.update(
        state=State.ENABLING,
        next_content_window=content_mark,
        next_interactions_window=interactions_mark,
        content_ordinal=0,
        interactions_ordinal=0,
        extra_ordinal=0,
        heartbeat_at=None,
        last_error="",
        **changes,
    )
    if won:
        User.objects.filter(pk=account.user_id).update(demo_mode_enabled_at=enabled_at)
        Profile.objects.demo().filter(owner=account.user_id).delete()  # of an attempt that planned nothing
        _create_profiles(DemoAccount.objects.get(pk=account.pk))
    return bool(won)


def _create_profiles(account: DemoAccount) -> None:
    for spec in simulator.profiles(account.world):
        Profile.objects.create(
            owner_id=account.user_id,
            platform=spec.platform,
            platform_id=spec.platform_id,
            handle=spec.handle,
            display_name=spec.display_name,
            is_demo=True,
        )
