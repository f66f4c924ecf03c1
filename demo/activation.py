"""The start of an activation: the account's marks, the user's date and the demo profiles, in one transaction."""

import secrets
from datetime import datetime
from typing import Any

from django.db import transaction

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
    """Move an account from off or failed to enabling, with `changes` to its columns; False when it is in another state.

    The activation starts at `now`, in whole seconds.
    """
    enabled_at = now.replace(microsecond=0)
    content_mark, interactions_mark = first_marks(enabled_at)
    with transaction.atomic():
        won = DemoAccount.objects.filter(pk=account.pk, state__in=[State.OFF, State.FAILED]).update(
            state=State.ENABLING,
            next_content_window=content_mark,
            next_interactions_window=interactions_mark,
            content_ordinal=0,
            interactions_ordinal=0,
            extra_ordinal=0,
            planned_at=None,
            heartbeat_at=None,
            reset_requested=False,
            last_error="",
            **changes,
        )
        if won:
            User.objects.filter(pk=account.user_id).update(demo_mode_enabled_at=enabled_at)
            _create_profiles(DemoAccount.objects.get(pk=account.pk))
        return bool(won)


def _create_profiles(account: DemoAccount) -> None:
    for spec in simulator.profiles(account.world):
        Profile.objects.get_or_create(
            owner_id=account.user_id,
            platform=spec.platform,
            platform_id=spec.platform_id,
            defaults={"handle": spec.handle, "display_name": spec.display_name, "is_demo": True},
        )
