"""The start of an activation: the account's marks, the user's date and the demo profiles, in one transaction."""

import secrets
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from accounts.models import Profile, User
from demo import simulator
from demo.engine.deletion import delete_profiles, delete_the_rest
from demo.exceptions import InvalidState
from demo.models import DemoAccount, State, StoryEvent
from demo.windows import WINDOW_KINDS, first_windows


def account_of(user: User) -> DemoAccount:
    """The user's account, made (off, with a random seed) when there is none yet; DoesNotExist when the user is gone."""
    seed = secrets.randbelow(2**31)
    names = {
        "seed": seed,
        "brand": lambda: simulator.default_brand(seed, simulator.DEFAULT_NICHE, simulator.DEFAULT_LANGUAGE),
    }
    try:
        return DemoAccount.objects.get_or_create(user=user, defaults=names)[0]
    except IntegrityError as error:
        if User.objects.filter(pk=user.pk).exists():
            raise
        raise DemoAccount.DoesNotExist(f"The user {user.username} is gone.") from error


def begin(account: DemoAccount, now: datetime, changes: dict[str, Any]) -> bool:
    """Move an account from off or failed to enabling; False when it is in another state.

    A batch that failed after it was planned goes on as it is; otherwise the activation starts at `now`, in whole
    seconds, with `changes` to the account's columns. Raises InvalidState when a live profile is in the way.
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
    won = waiting.update(
        state=State.ENABLING,
        extra_ordinal=0,
        catching_up=False,
        heartbeat_at=None,
        last_error="",
        **first_windows(enabled_at),
        **{kind.ordinal: 0 for kind in WINDOW_KINDS.values()},
        **changes,
    )
    if won:
        User.objects.filter(pk=account.user_id).update(demo_mode_enabled_at=enabled_at)
        _clear(account)
        _create_profiles(DemoAccount.objects.get(pk=account.pk), enabled_at)
    return bool(won)


def _clear(account: DemoAccount) -> None:
    """Delete the profiles of an attempt that planned nothing, with what others have sent to them meanwhile."""
    profiles = list(account.profiles.values_list("pk", flat=True))
    if profiles:
        delete_the_rest(StoryEvent.objects.filter(account=account), profiles, is_demo=True)
        delete_profiles(profiles)


def _create_profiles(account: DemoAccount, at: datetime) -> None:
    specs = simulator.profiles(account.world)
    for spec in specs:
        if Profile.objects.filter(
            owner=account.user_id, platform=spec.platform, platform_id=spec.platform_id
        ).exists():
            raise InvalidState(f"A live {spec.platform} profile has the demo's id; enable with another seed.")
    Profile.objects.bulk_create(
        Profile(owner_id=account.user_id, is_demo=True, created_at=at, **asdict(spec)) for spec in specs
    )
