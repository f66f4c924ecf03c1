"""Looks up a user's account, and starts an activation.

An activation starts in one transaction, which sets the account's state and first windows and creates the demo profiles.
Called by `transitions.enable` and, for a reset, by removal.
"""

import secrets
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.models import Profile, User
from demo import simulator
from demo.engine.deletion import delete_remaining_rows
from demo.exceptions import InvalidState
from demo.models import DemoAccount, State, StoryEvent
from demo.windows import WINDOW_KINDS, first_windows
from interactions.inbox_versions import renew_owner_after_commit
from interactions.profile_deletion import delete_profiles


def get_or_create_account(user: User) -> DemoAccount:
    """The user's account; a new one is off and has a random seed. Raises DoesNotExist when the user is deleted."""
    seed = secrets.randbelow(2**31)
    defaults = {
        "seed": seed,
        "brand": lambda: simulator.default_brand(seed, simulator.DEFAULT_NICHE, simulator.DEFAULT_LANGUAGE),
    }
    try:
        return DemoAccount.objects.get_or_create(user=user, defaults=defaults)[0]
    except IntegrityError as error:
        if User.objects.filter(pk=user.pk).exists():
            raise
        raise DemoAccount.DoesNotExist(f"The user {user.username} is deleted.") from error


def account_or_default(user: User) -> DemoAccount:
    """The user's account, or one with the defaults that is not stored."""
    accounts = DemoAccount.objects.select_related("user")
    return accounts.filter(user=user).first() or DemoAccount(user=user, seed=0)


def start_activation(account: DemoAccount, now: datetime, columns: dict[str, Any]) -> bool:
    """Move an account from off or failed to enabling; False when it is in another state.

    If its initial batch is planned already, delivery resumes. Otherwise the activation starts at `now`, in whole
    seconds, and `columns` of the account are set. Raises InvalidState when a live profile has the id of a demo profile.
    """
    startable = DemoAccount.objects.filter(pk=account.pk, state__in=[State.OFF, State.FAILED])
    with transaction.atomic():
        if startable.filter(planned_at__isnull=False).update(
            state=State.ENABLING, heartbeat_at=None, last_error=""
        ):
            return True
        return _start_new(account, startable, now.replace(microsecond=0), columns)


def _start_new(
    account: DemoAccount, startable: QuerySet, enabled_at: datetime, columns: dict[str, Any]
) -> bool:
    started = startable.update(
        state=State.ENABLING,
        extra_ordinal=0,
        catching_up=False,
        heartbeat_at=None,
        last_error="",
        **first_windows(enabled_at),
        **{kind.ordinal_column: 0 for kind in WINDOW_KINDS.values()},
        **columns,
    )
    if started:
        User.objects.filter(pk=account.user_id).update(demo_mode_enabled_at=enabled_at)
        _delete_failed_attempt(account)
        _create_profiles(DemoAccount.objects.get(pk=account.pk), enabled_at)
    return bool(started)


def _delete_failed_attempt(account: DemoAccount) -> None:
    """Delete the profiles of an attempt that failed before its batch was planned, and rows sent to them since."""
    profiles = list(account.profiles.values_list("pk", flat=True))
    if profiles:
        delete_remaining_rows(StoryEvent.objects.filter(account=account), profiles, is_demo=True)
        delete_profiles(profiles)


def _create_profiles(account: DemoAccount, created_at: datetime) -> None:
    specs = simulator.profiles(account.world)
    for spec in specs:
        if Profile.objects.filter(
            owner=account.user_id, platform=spec.platform, platform_id=spec.platform_id
        ).exists():
            raise InvalidState(
                _("A live %(platform)s profile has the demo's id; enable with another seed.")
                % {"platform": spec.platform}
            )
    Profile.objects.bulk_create(
        Profile(owner_id=account.user_id, is_demo=True, created_at=created_at, **asdict(spec))
        for spec in specs
    )
    renew_owner_after_commit(account.user_id)
